// A load: what is sent, how much of it at once, for how long, and what must come back.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "appd/protocol/address.h"
#include "appd/reactor/clock.h"
#include "appd/reactor/endpoint.h"

namespace appd::clients {

struct LoadPlan {
  std::vector<reactor::Endpoint> endpoints = {};  // of the server, tried in turn; at least one
  protocol::Protocol protocol = protocol::Protocol::kApp;
  std::string request = {};  // the bytes of one, not empty
  std::string reply = {};    // the bytes that must come back for each, not empty

  std::size_t connections = 1;  // at once
  std::size_t pipeline = 1;     // requests on one connection without a reply, at most
  bool one_shot = false;        // a connection a request; pipeline is 1
  // One-shot: the server ends the connection behind its reply, else we do.
  bool server_closes = false;

  reactor::Duration warmup{};    // before the window; its requests do not count
  reactor::Duration duration{};  // of the window
  // Requests a second over all connections, sent when they are due whatever came of those before:
  // an open loop. 0: a closed loop, each reply is followed by the next request at once.
  double rate = 0;
  // From one reply of a connection to the next; also how long a run waits behind its window for
  // what has no reply yet.
  reactor::Duration timeout = std::chrono::seconds(30);
  // An open loop does not sleep when the next request is due so soon: waking up would make it late.
  reactor::Duration spin = std::chrono::milliseconds(2);

  [[nodiscard]] bool open_loop() const { return rate > 0; }
};

}  // namespace appd::clients
