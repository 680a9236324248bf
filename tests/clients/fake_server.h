// A server that behaves as a test wants it, over any backend.
//
//   FakeServer server(loop, [](FakePeer& peer) {
//     if (peer.received == request) peer.send(reply), peer.close();
//   });
//
// The behaviour is called whenever bytes have arrived.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "appd/protocol/address.h"
#include "appd/reactor/connection/connection.h"
#include "appd/reactor/listener.h"

namespace appd::testing {

class FakeServer;

class FakePeer final : public reactor::ConnectionDelegate {
 public:
  FakePeer(FakeServer& server, reactor::EventLoop& loop, reactor::AnyTransport transport,
           std::size_t number);
  void start() { connection_.start(); }

  std::string received;           // all so far; the behaviour may take from it
  const std::size_t number;       // of the connection, from 0
  std::function<void()> on_gone;  // may be empty

  void send(std::string_view bytes);
  // Each byte in a turn, and a moment, of its own.
  void drip(std::string_view bytes);
  void close() { connection_.close(); }
  void reset() { connection_.abort({}); }
  // A whole message is there: takes it, prefix and header included. Else empty.
  [[nodiscard]] std::string take_message();

 private:
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  void on_end() override { connection_.close(); }
  void on_closed(std::error_code reason) override;
  void on_drip();

  FakeServer& server_;
  std::deque<char> dripping_;
  reactor::Timer drip_timer_;
  reactor::ConnectionContext connection_context_;
  reactor::Connection connection_;
};

class FakeServer final : private reactor::ListenerDelegate {
 public:
  using Behaviour = std::function<void(FakePeer&)>;

  // `on_accept`: called for each new connection, before it reads.
  FakeServer(reactor::EventLoop& loop, Behaviour behaviour, Behaviour on_accept = {});
  ~FakeServer();

  [[nodiscard]] reactor::Endpoint endpoint() const { return listener_->socket().local_endpoint(); }
  [[nodiscard]] std::size_t accepted() const { return accepted_; }

 private:
  friend class FakePeer;
  void on_accept(reactor::AnyTransport transport) override;
  void on_accept_exhausted(std::error_code /*error*/) override {}

  reactor::EventLoop& loop_;
  const Behaviour behaviour_;
  const Behaviour on_accept_;
  reactor::ConnectionOptions options_;
  std::unique_ptr<reactor::Listener> listener_;
  std::vector<std::unique_ptr<FakePeer>> peers_;
  std::size_t accepted_ = 0;
};

// A fake server on the system's loopback, in a thread of its own, for clients that block.
class FakeServerThread {
 public:
  explicit FakeServerThread(FakeServer::Behaviour behaviour, FakeServer::Behaviour on_accept = {});
  ~FakeServerThread();

  [[nodiscard]] protocol::Address address(protocol::Protocol protocol) const;
  // "app://127.0.0.1:PORT".
  [[nodiscard]] std::string app_address() const;
  // After stop() only.
  [[nodiscard]] std::size_t accepted() const { return server_->accepted(); }
  void stop();

 private:
  std::unique_ptr<reactor::EventLoop> loop_;
  std::unique_ptr<FakeServer> server_;
  std::thread thread_;
};

// A message of content-type text/json (or the one given) with further header fields as JSON text.
[[nodiscard]] std::string message(std::string_view content, std::string_view more_fields = "",
                                  std::string_view content_type = "text/json",
                                  std::string_view content_encoding = "utf-8");

}  // namespace appd::testing
