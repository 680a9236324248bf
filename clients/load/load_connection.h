// One connection of a load: sends copies of one request, compares what comes back with the bytes of
// one reply, and knows when each request began. It is as cheap as an engine can be that looks at
// every byte: requests are encoded once, replies are compared in the loop's buffer.
//
// The loop's thread only.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include "appd/clients/load/load_plan.h"
#include "appd/protocol/message_decoder.h"
#include "appd/reactor/connection/connection.h"

namespace appd::clients {

class LoadConnectionDelegate {
 public:
  // The `count` oldest requests without a reply, sent with this `begin`, have the right ones. No
  // sending from within.
  virtual void on_replies(reactor::TimePoint begin, std::size_t count) = 0;
  // The oldest one has a reply that is wrong. Likewise.
  virtual void on_wrong_reply(reactor::TimePoint begin, const std::string& what) = 0;
  // All replies of one read were told; may send.
  virtual void on_replies_taken() = 0;
  // Exactly once, and the last call. `why`: empty when the peer ended the connection with nothing
  // under way. The connection is to be handed to EventLoop::retire().
  virtual void on_ended(const std::string& why) = 0;

 protected:
  ~LoadConnectionDelegate() = default;
};

// Shared by the connections of a run; outlives them. Borrows the plan.
struct LoadContext {
  explicit LoadContext(const LoadPlan& the_plan);
  const LoadPlan& plan;
  std::string requests;  // as many as a connection may send at once, one behind the other
  protocol::DecodeContext decoding;
  protocol::DecodeLimits limits;
  reactor::ConnectionOptions connection;
};

class LoadConnection final : public reactor::ConnectionDelegate {
 public:
  // `transport` is connected.
  LoadConnection(reactor::EventLoop& loop, LoadContext& context, reactor::AnyTransport transport,
                 LoadConnectionDelegate& delegate);

  // Begins to read. Once.
  void start() { connection_.start(); }
  // `count` requests, at most room(), which all began at `begin`.
  void send(std::size_t count, reactor::TimePoint begin);
  [[nodiscard]] std::size_t room() const { return bursts_.size() - under_way_; }
  // Requests without a reply.
  [[nodiscard]] std::size_t under_way() const { return under_way_; }
  // Requests that began at the same time.
  struct Burst {
    reactor::TimePoint begin{};
    std::size_t count = 0;
  };
  // Takes up to `count` of the oldest out, as many as began together: for such as are given up.
  // Only when there is one (checked).
  Burst take_oldest(std::size_t count);
  // Whether the server was seen to take requests or to send since then; for a time limit that has
  // come (Connection::progressed_since).
  [[nodiscard]] bool progressed_since(reactor::TimePoint since) {
    return connection_.progressed_since(since);
  }
  // Ends the connection in order; on_ended() follows.
  void close() { connection_.close(); }
  // No callback from now on.
  void leave() { ended_ = true; }

 private:
  [[nodiscard]] reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  void on_end() override;
  void on_closed(std::error_code reason) override;

  // Each returns how many bytes of `rest` it took.
  [[nodiscard]] std::size_t compare(std::span<const std::byte> rest);
  [[nodiscard]] std::size_t take_other(std::span<const std::byte> rest);
  [[nodiscard]] static std::string describe_other(std::span<const std::byte> message,
                                                  const protocol::DecodeEvent& event);
  void end(const std::string& why);

  LoadContext& context_;
  LoadConnectionDelegate& delegate_;
  std::vector<Burst> bursts_;  // a ring: room for as many as requests may be under way
  std::size_t oldest_ = 0;
  std::size_t burst_count_ = 0;
  std::size_t under_way_ = 0;
  std::size_t matched_ = 0;  // bytes of the oldest request's reply that are as they must be
  bool other_ = false;       // it is not the reply that must come, and collects here:
  std::string other_bytes_;
  protocol::MessageDecoder decoder_;  // of other_bytes_
  bool ended_ = false;
  reactor::ConnectionContext connection_context_;
  reactor::Connection connection_;  // last: it goes before what its callbacks use
};

}  // namespace appd::clients
