// What a case about sessions is written with: a worker in a calm world, which is turned by
// hand, and messages as they look on the wire.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "appd/handlers/actions/builtin.h"
#include "appd/protocol/byte_order.h"
#include "appd/servers/worker.h"
#include "tests/support/calm_loop.h"

namespace appd::servers::testing {

using appd::testing::CalmWorld;
using appd::testing::WirePeer;
using protocol::Protocol;

// Prefix, header, content.
inline std::string message(std::string_view header, std::string_view content = {}) {
  std::string bytes(2, '\0');
  protocol::store_be16(std::as_writable_bytes(std::span(bytes)),
                       static_cast<std::uint16_t>(header.size()));
  return bytes.append(header).append(content);
}

inline std::string four_fields(std::string_view byte_order, std::size_t content_bytes) {
  return R"("byteorder": ")" + std::string(byte_order) +
         R"(", "content-type": "text/json", "content-encoding": "utf-8", "content-length": )" +
         std::to_string(content_bytes);
}

// `more` begins with ", ".
inline std::string request(std::string_view content, std::string_view more = {}) {
  return message("{" + four_fields("little", content.size()) + std::string(more) + "}", content);
}
inline std::string search(std::string_view query, std::string_view more = {}) {
  return request(R"({"action": "search", "value": ")" + std::string(query) + "\"}", more);
}

inline std::string reply(std::string_view content, std::string_view more = {}) {
  const bool little = protocol::kNativeByteOrder == protocol::ByteOrder::kLittle;
  return message(
      "{" + four_fields(little ? "little" : "big", content.size()) + std::string(more) + "}",
      content);
}
inline std::string found(std::string_view more = {}) {
  return reply(R"({"result": "Follow the white rabbit. 🐰"})", more);
}
inline std::string error_reply(std::string_view text, std::string_view more = {}) {
  return reply(R"({"result": "Error: )" + std::string(text) + "\"}", more);
}

inline constexpr std::string_view kKeep = R"(, "connection": "keep-alive")";
inline constexpr std::string_view kKeepOk = R"(, "connection": "keep-alive", "status": "ok")";
inline constexpr std::string_view kCloseOk = R"(, "connection": "close", "status": "ok")";

inline std::shared_ptr<const handlers::Registry> make_registry(
    handlers::SearchEntries entries = handlers::tutorial_search_entries()) {
  auto registry = std::make_shared<handlers::Registry>();
  handlers::add_builtin_actions(*registry, {.search_entries = std::move(entries)});
  registry->add(
      {.name = "broken",
       .summary = "fails",
       .handler = [](const handlers::Request&, handlers::Reply&) -> protocol::Result<void> {
         throw std::runtime_error("the disk is on fire");
       }});
  return registry;
}

struct WorkerFixture {
  WorkerFixture() { limits.max_connections = 100; }
  ~WorkerFixture() {
    worker.reset();
    CHECK((!shared || shared->budget.used() == 0));
  }

  // Behind this, limits no longer change. `prepare` adds to what the worker is made with.
  void start(const std::function<void(ServerShared&)>& prepare = {}) {
    shared.emplace(limits, *used_log);
    if (prepare) prepare(*shared);
    shared->on_connection_freed = [this] {
      CHECK(worker->loop().post([this] { worker->resume_accepting(); }));
    };
    shared->on_drained = [this](Worker&) { ++drained; };
    worker.emplace(*shared, Worker::Ordinal{}, world.backend(), make_registry());
    for (const Protocol one :
         {Protocol::kApp, Protocol::kMessageEcho, Protocol::kFramedEcho, Protocol::kRawEcho}) {
      auto socket = world.network().listen(reactor::Endpoint::any_ipv4(0), {}).value();
      doors.emplace(one, socket->local_endpoint());
      worker->listen(one.name, std::move(socket));
    }
  }
  WirePeer connect(Protocol protocol = Protocol::kApp) {
    if (!worker) start();
    return WirePeer(world.network().connect(doors.at(protocol)).value());
  }

  void settle() { appd::testing::settle(world, worker->loop()); }
  void pass(reactor::Duration time) {
    world.pass(time);
    settle();
  }
  // The same, with a turn of the loop each second, as a loop that is not blocked takes them.
  void pass_in_turns(reactor::Duration time) {
    for (; time > reactor::Duration::zero(); time -= std::chrono::seconds(1)) {
      pass(std::min<reactor::Duration>(time, std::chrono::seconds(1)));
    }
  }
  // Sends, and returns what comes back.
  std::string exchange(WirePeer& peer, std::string_view bytes) {
    peer.send(bytes);
    settle();
    return peer.receive();
  }
  // The same for more than fits into a pipe.
  std::string exchange_all(WirePeer& peer, std::string_view bytes) {
    std::string received;
    for (std::size_t before = 1; !bytes.empty() || before != received.size();) {
      before = bytes.empty() ? received.size() : received.size() + 1;
      bytes = peer.send_some(bytes);
      settle();
      received += peer.receive();
    }
    return received;
  }
  [[nodiscard]] std::uint64_t count(Counter counter) const {
    return worker->metrics().get(counter);
  }

  CalmWorld world;
  Limits limits;
  logging::Log log{
      {.level = logging::Level::kOff, .format = logging::LogFormat::kText, .file = {}}};
  logging::Log* used_log = &log;
  std::optional<ServerShared> shared;
  std::optional<Worker> worker;
  std::map<Protocol, reactor::Endpoint> doors;
  int drained = 0;
};

}  // namespace appd::servers::testing
