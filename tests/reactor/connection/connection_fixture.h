// What a case about connections is written with: connections whose delegates do as told and
// remember, over transports that do as told and count, in a calm world.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "appd/reactor/connection/connection.h"
#include "tests/support/calm_loop.h"

namespace appd::reactor::testing {

using appd::testing::CalmWorld;
using appd::testing::WirePeer;

// Of a connection that was closed without a fault.
inline const std::error_code kInOrder;
// Of worlds that begin at no special time.
inline constexpr TimePoint kStart{std::chrono::hours(1)};

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}
inline std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}
inline IoResult would_block(Interest wants) { return {IoOutcome::kWouldBlock, wants, 0, {}}; }
inline IoResult broken(std::errc error) {
  return {IoOutcome::kError, Interest::kNone, 0, std::make_error_code(error)};
}

// What a ScriptedTransport is told to do, and what it saw.
struct Script {
  std::deque<IoResult> next_reads;   // instead of reading
  std::deque<IoResult> next_writes;  // instead of writing
  bool has_buffered_input = false;
  std::vector<const std::byte*> read_into;  // where each read went
  std::vector<std::size_t> writes;          // the bytes that each write was given
  std::vector<std::size_t> last_writes;     // likewise, where the end follows
  int progress_looks = 0;                   // how often it was asked what is acknowledged
};

class ScriptedTransport final : public Transport {
 public:
  ScriptedTransport(std::unique_ptr<Transport> inner, Script& script)
      : inner_(std::move(inner)), script_(script) {}

  [[nodiscard]] Descriptor descriptor() const override { return inner_->descriptor(); }
  [[nodiscard]] IoResult read(std::span<std::byte> into) override {
    script_.read_into.push_back(into.data());
    return script_.next_reads.empty() ? inner_->read(into) : take(script_.next_reads);
  }
  [[nodiscard]] IoResult write(std::span<const std::byte> head,
                               std::span<const std::byte> body) override {
    script_.writes.push_back(head.size() + body.size());
    return script_.next_writes.empty() ? inner_->write(head, body) : take(script_.next_writes);
  }
  [[nodiscard]] IoResult write_last(std::span<const std::byte> head,
                                    std::span<const std::byte> body) override {
    script_.last_writes.push_back(head.size() + body.size());
    return script_.next_writes.empty() ? inner_->write_last(head, body) : take(script_.next_writes);
  }
  [[nodiscard]] IoResult shutdown_write() override { return inner_->shutdown_write(); }
  [[nodiscard]] bool peer_ended() const override { return inner_->peer_ended(); }
  [[nodiscard]] bool input_waiting() const override { return inner_->input_waiting(); }
  [[nodiscard]] std::size_t unacknowledged_bytes() const override {
    ++script_.progress_looks;
    return inner_->unacknowledged_bytes();
  }
  [[nodiscard]] bool has_buffered_input() const override { return script_.has_buffered_input; }
  [[nodiscard]] std::error_code connect_result() override { return inner_->connect_result(); }
  [[nodiscard]] Endpoint local_endpoint() const override { return inner_->local_endpoint(); }
  [[nodiscard]] Endpoint peer_endpoint() const override { return inner_->peer_endpoint(); }

 private:
  static IoResult take(std::deque<IoResult>& results) {
    const IoResult result = results.front();
    results.pop_front();
    return result;
  }

  std::unique_ptr<Transport> inner_;
  Script& script_;
};

// Consumes everything unless told otherwise.
class ScriptedDelegate final : public ConnectionDelegate {
 public:
  std::function<Consumed(std::span<const std::byte>)> bytes;
  std::function<void()> end;
  std::function<void()> drained;
  std::function<void(StopNotice)> stopped;
  std::function<void()> deadline;

  std::vector<std::string> shown;  // by each on_bytes()
  std::string received;            // consumed
  int ends = 0;
  int ends_ahead = 0;
  int drains = 0;
  int deadlines = 0;
  std::vector<StopNotice> stops;
  std::vector<std::error_code> closes;

 private:
  [[nodiscard]] Consumed on_bytes(std::span<const std::byte> fresh) override {
    shown.push_back(text_of(fresh));
    const Consumed consumed = bytes ? bytes(fresh) : Consumed{.bytes = fresh.size()};
    received += text_of(fresh.first(consumed.bytes));
    return consumed;
  }
  void on_end() override {
    ++ends;
    if (end) end();
  }
  void on_end_ahead() override { ++ends_ahead; }
  void on_drained() override {
    ++drains;
    if (drained) drained();
  }
  void on_reading_stopped(StopNotice reason) override {
    stops.push_back(reason);
    if (stopped) stopped(reason);
  }
  void on_deadline() override {
    ++deadlines;
    if (deadline) deadline();
  }
  void on_closed(std::error_code reason) override { closes.push_back(reason); }
};

// A connection with all that is around it.
struct Link {
  Link(CalmWorld& world, EventLoop& loop, const ConnectionOptions& options,
       std::size_t capacity_bytes = 64 * 1024)
      : Link(loop, options, world.make_pair(capacity_bytes)) {}
  Link(EventLoop& loop, const ConnectionOptions& options, sim::WirePair pair)
      : peer(std::move(pair.client)),
        context{loop, options},
        connection(std::in_place, context,
                   std::make_unique<ScriptedTransport>(std::move(pair.server), script), delegate) {}

  void send(std::string_view head, std::string_view body = {}) {
    connection->send(bytes_of(head), bytes_of(body));
  }

  WirePeer peer;
  Script script;
  ScriptedDelegate delegate;
  ConnectionContext context;
  std::optional<Connection> connection;
};

struct ConnectionFixture {
  void settle() { appd::testing::settle(world, loop); }
  void pass(Duration time) {
    world.pass(time);
    settle();
  }
  // The same, with a turn of the loop each second, as a loop that is not blocked takes them.
  void pass_in_turns(Duration time) {
    for (; time > Duration::zero(); time -= std::chrono::seconds(1)) {
      pass(std::min<Duration>(time, std::chrono::seconds(1)));
    }
  }
  [[nodiscard]] std::unique_ptr<Link> link(std::size_t capacity_bytes = 64 * 1024) {
    return std::make_unique<Link>(world, loop, options, capacity_bytes);
  }

  CalmWorld world;
  EventLoop loop{world.backend()};
  BufferBudget budget{1024 * 1024 * 1024};
  ConnectionOptions options{.budget = &budget};
};

}  // namespace appd::reactor::testing
