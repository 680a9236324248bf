// A server with one connection in a simulated world, whose protocols are the built-in ones and that
// of tests/support/streamed_frames.h: a whole conversation, from accept to the end
// of the session, and what holds for every one of them.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "appd/handlers/registry.h"
#include "appd/protocol/address.h"
#include "tests/fuzz/support/far_end.h"
#include "tests/fuzz/support/fuzz_input.h"

namespace appd::fuzz {

struct Script {
  protocol::Protocol protocol = protocol::Protocol::kApp;
  // The server's actions answer later, some sooner than those before them.
  bool answers_later = false;
  std::size_t buffer_bytes = 64 * 1024;  // what a direction holds
  FarEnd::Plan client;
  WorldChoice world;
};

// All but the protocol, from six bytes of the input and its rest.
[[nodiscard]] Script take_script(FuzzInput& input);

inline constexpr std::uint64_t kMaxContent = 4096;  // of the server, small enough to be exceeded

struct Outcome {
  std::string received;
  bool orderly_end = false;  // was read
  // The client or the world broke the connection: what was received may end anywhere.
  bool broken_off = false;
  // Time was jumped over, and limits of time with it: nothing is owed.
  bool jumped = false;
  reactor::Duration elapsed{};  // no deadline that is longer has passed
};

// Checked on the way: the server never spins and takes all that is sent, its buffers keep to their
// budget, the session ends by itself, and leaves neither memory nor descriptors.
[[nodiscard]] Outcome serve(const Script& script);

// The built-in actions; what the server's say, be it later.
[[nodiscard]] const handlers::Registry& served_actions();

// Whether a whole message is at the front.
[[nodiscard]] bool holds_message(std::string_view received);
// Removes a whole error message from the front of `received`: `status` is the one it tells, or
// none.
void take_error_reply(std::string_view& received, std::string_view status);

}  // namespace appd::fuzz
