// A conversation with a server: the client's end of one connection in one protocol. Requests go
// out, replies come back in their order, and what comes back is checked: anything that is no reply
// ends the session with kProtocolBroken.
//
// How many requests are under way at once is up to the server's word: until it has kept the
// connection open behind a first reply, one at a time. A server that closes after each reply would
// answer pipelined bytes with a reset, and the reply before it would be lost.
//
// Sending never waits for reading nor the other way round: an echo of any size comes back while it
// is still being sent. The loop's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <system_error>

#include "appd/clients/reply.h"
#include "appd/clients/request.h"
#include "appd/protocol/address.h"
#include "appd/protocol/message_decoder.h"
#include "appd/reactor/connection/connection.h"

namespace appd::clients {

class ClientSessionDelegate {
 public:
  // The reply to the oldest request that has none yet. May send further requests; must not destroy
  // the session (hand it to EventLoop::retire()).
  virtual void on_reply(Reply reply) = 0;
  // Exactly once, and the last call; not after leave(). No error: the server closed where it may,
  // behind a reply that said so or with nothing under way; take_unanswered() can be sent again on
  // another connection. Error: kProtocolBroken, also behind `shutting_down`: what is unanswered may
  // have been carried out.
  virtual void on_ended(Result<void> how) = 0;

 protected:
  ~ClientSessionDelegate() = default;
};

// Shared by the sessions of a loop; outlives them.
struct SessionContext {
  explicit SessionContext(std::uint64_t max_content_bytes);
  protocol::DecodeContext decoding;
  protocol::DecodeLimits limits;          // of a reply's content
  reactor::ConnectionOptions connection;  // without a watermark: see above
};

struct SessionOptions {
  protocol::Protocol protocol = protocol::Protocol::kApp;
  std::size_t pipeline_depth = 1;  // requests under way at most, at least 1
};

class ClientSession final : public reactor::ConnectionDelegate {
 public:
  // `transport` is connected. `delegate` outlives the session, or leave() is called before.
  ClientSession(reactor::EventLoop& loop, SessionContext& context, const SessionOptions& options,
                reactor::AnyTransport transport, ClientSessionDelegate& delegate);

  // The server takes a further request on this connection now.
  [[nodiscard]] bool may_send() const;
  // Only when may_send() (checked). The first one also begins to read, and not before: a server
  // that is overloaded answers at once.
  void send(SharedRequest request);
  // Runs `body`, and what it sends leaves with one write.
  void together(const std::function<void()>& body) { connection_.together(body); }
  // What has no reply yet, oldest first; afterwards the session holds none.
  [[nodiscard]] std::deque<SharedRequest> take_unanswered();
  // Whether the server was seen to take requests or to send since then; for a time limit that has
  // come (Connection::progressed_since).
  [[nodiscard]] bool progressed_since(reactor::TimePoint since) {
    return connection_.progressed_since(since);
  }
  // No callback from now on; what arrives is ignored.
  void leave() { state_ = State::kEnded; }

 private:
  enum class State : std::uint8_t {
    kFirst,    // no reply yet: one request at a time
    kKept,     // the server keeps the connection open
    kClosing,  // the last reply was the last one on this connection
    kEnded,    // on_ended() or leave() was called
  };

  [[nodiscard]] reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  void on_end() override;
  void on_closed(std::error_code reason) override;

  [[nodiscard]] reactor::Consumed take_message(std::span<const std::byte> input);
  [[nodiscard]] reactor::Consumed take_echo(std::span<const std::byte> input);
  [[nodiscard]] reactor::Consumed take_error_message(std::span<const std::byte> input);
  void deliver(Reply reply, bool keeps_connection);
  void break_off(const std::string& what);
  void end(Result<void> how);
  [[nodiscard]] std::string early_end_text() const;

  const SessionOptions options_;
  ClientSessionDelegate& delegate_;
  protocol::MessageDecoder decoder_;
  State state_;
  std::deque<SharedRequest> unanswered_;
  std::size_t echoed_bytes_ = 0;  // of the oldest request's, that came back as they were sent
  // A message echo that is none: what came back, in case it is the server's error message.
  std::string diverged_;
  reactor::ConnectionContext connection_context_;
  reactor::Connection connection_;  // last: it goes before what its callbacks use
};

}  // namespace appd::clients
