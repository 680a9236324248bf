// A channel: requests to one server, in order, over one connection at a time, which is opened when
// there is something to send and opened again where the server has closed it (the tutorial's
// server closes after each reply). The loop face of a client; Client is the blocking one.
//
// The loop's thread only.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "appd/clients/client_session.h"
#include "appd/reactor/connector.h"
#include "appd/reactor/turn_end.h"

namespace appd::clients {

class ChannelDelegate {
 public:
  // In the order of the requests. May submit further ones; must not destroy the channel.
  virtual void on_reply(Reply reply) = 0;
  // kCannotConnect, kTimeout or kProtocolBroken; every request without a reply is given up. The
  // oldest `sent` of them may have been carried out, the others were not sent, or to a server that
  // closed before it took them. A later submit() begins anew. Must not destroy the channel.
  virtual void on_failed(Error error, std::size_t sent) = 0;

  // open() has its connection. May submit.
  virtual void on_opened() {}

  // What goes on, for a trace.
  virtual void on_connecting() {}
  virtual void on_sending(const WireRequest& /*request*/) {}
  virtual void on_closing() {}

 protected:
  ~ChannelDelegate() = default;
};

struct ChannelOptions {
  SessionOptions session = {};
  std::string server = {};  // for texts
  // For each of the server's addresses. The time of a reply is shared out among them as well, so
  // that one that swallows everything leaves time for the others.
  reactor::Duration connect_timeout = std::chrono::seconds(10);
  // From submit(), or from the reply before, to a whole reply, however fast its bytes move;
  // connecting included.
  reactor::Duration reply_timeout = std::chrono::seconds(30);
};

class Channel final : private reactor::ConnectorDelegate,
                      private ClientSessionDelegate,
                      private reactor::TurnEndSink {
 public:
  // `endpoints`: at least one; each connect tries them in turn. `loop`, `context` and `delegate`
  // outlive the channel; `context` outlives the loop.
  Channel(reactor::EventLoop& loop, SessionContext& context,
          std::vector<reactor::Endpoint> endpoints, ChannelOptions options,
          ChannelDelegate& delegate);
  ~Channel();

  // Connects before there is a request; submit() does so by itself. on_opened() or on_failed()
  // follows.
  void open();
  // Sends at the end of the turn: requests of one turn leave together. Outside of the loop's
  // callbacks call EventLoop::refresh_now() first, as for open(). No callback comes from within.
  // Throws std::bad_alloc, and then nothing was submitted.
  void submit(SharedRequest request);
  // Takes back a request that has not been sent yet. false: it has, and its reply is still to come.
  [[nodiscard]] bool withdraw(const SharedRequest& request);
  // Whether its connection was seen to move since then, in either direction; for a time limit that
  // has come (Connection::progressed_since).
  [[nodiscard]] bool progressed_since(reactor::TimePoint since) {
    return session_ && session_->progressed_since(since);
  }
  // Requests without a reply; of these, the oldest that are with the server.
  [[nodiscard]] std::size_t unanswered() const { return unanswered_; }
  [[nodiscard]] std::size_t sent() const { return unanswered_ - waiting_.size(); }
  // Drops the connection and all requests, without on_failed().
  void close();

 private:
  void on_connected(reactor::AnyTransport transport) override;
  void on_connect_failed(Error error) override;
  void on_reply(Reply reply) override;
  void on_ended(Result<void> how) override;
  void on_turn_end() noexcept override;
  void on_deadline();

  template <class Body>
  void guarded(Body body);
  void proceed();
  void send_waiting();
  void connect();
  void drop_session();
  void give_up(Error error);

  reactor::EventLoop& loop_;
  SessionContext& context_;
  const std::vector<reactor::Endpoint> endpoints_;
  const ChannelOptions options_;
  ChannelDelegate& delegate_;
  std::deque<SharedRequest> waiting_;  // not sent, or to be sent again
  std::size_t unanswered_ = 0;         // those, and the session's
  bool opening_ = false;               // on_opened() is owed
  std::unique_ptr<reactor::Connector> connector_;
  std::unique_ptr<ClientSession> session_;
  reactor::Timer deadline_;
};

// The endpoints of an address, by getaddrinfo: blocks. An empty host is this machine.
// Errors: kCannotConnect.
[[nodiscard]] Result<std::vector<reactor::Endpoint>> resolve_server(
    const protocol::Address& address);

}  // namespace appd::clients
