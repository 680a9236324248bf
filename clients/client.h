// A client that blocks: connect, call, read the reply. It turns an event loop of its own inside
// each call, on the caller's thread.
//
//   auto client = Client::connect("app://127.0.0.1:65432");
//   if (!client) ...
//   auto reply = (*client)->call(*build_request("search", {"morpheus"}, ValueForm::kAutomatic));
//
// One connection is used for all calls as long as the server keeps it open, and replaced when it
// does not. Nothing is sent twice: a call whose connection breaks fails, and the next one connects
// anew. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "appd/clients/channel.h"
#include "appd/clients/reply.h"
#include "appd/clients/request.h"
#include "appd/protocol/address.h"
#include "appd/reactor/backend.h"

namespace appd::clients {

struct ClientOptions {
  // For each address of the server in turn, within call_timeout.
  reactor::Duration connect_timeout = std::chrono::seconds(10);
  // Connecting and one whole reply, however fast its bytes move; of a batch, connecting and the
  // first reply, then each further one.
  // Looking up a host's name is not included: getaddrinfo has limits of its own.
  reactor::Duration call_timeout = std::chrono::seconds(30);
  std::uint64_t max_content_bytes = 64 * 1024 * 1024;  // of a reply
  std::size_t pipeline_depth = 32;  // requests of a batch on the wire without a reply
  // Adds "connection": "keep-alive" to requests that say nothing of it. Off: the tutorial's bytes,
  // and one connection a call.
  bool keep_alive = true;
  reactor::BackendFactory backend = reactor::system_backend;
};

class Client final : private ChannelDelegate {
 public:
  // Looks the address up and connects. Errors: kInvalidRequest for a bad address, kCannotConnect,
  // kTimeout.
  [[nodiscard]] static Result<std::unique_ptr<Client>> connect(const protocol::Address& server,
                                                               ClientOptions options = {});
  [[nodiscard]] static Result<std::unique_ptr<Client>> connect(std::string_view server,
                                                               ClientOptions options = {});
  ~Client();

  // Sends and waits for the reply, which may say that the call failed (Reply::is_error). Errors:
  // kInvalidRequest, kCannotConnect, kTimeout, kProtocolBroken; the connection is closed then.
  [[nodiscard]] Result<Reply> call(Request request);

  // Several at once, pipelined as far as the server keeps the connection open; the replies in the
  // order of the requests. Errors: as call(); some requests may have been carried out then.
  [[nodiscard]] Result<std::vector<Reply>> call_all(std::vector<Request> requests);

 private:
  Client(reactor::Backend backend, const protocol::Address& server,
         std::vector<reactor::Endpoint> endpoints, const ClientOptions& options);
  void on_reply(Reply reply) override;
  void on_failed(Error error, std::size_t /*sent*/) override;
  void on_opened() override { opened_ = true; }
  [[nodiscard]] Result<void> open();
  void settle();

  const protocol::Protocol protocol_;
  const bool keep_alive_;
  SessionContext context_;
  reactor::EventLoop loop_;
  Channel channel_;
  bool opened_ = false;
  std::vector<Reply> replies_;
  Result<void> outcome_;  // of the call under way
};

}  // namespace appd::clients
