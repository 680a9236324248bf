#include "appd/clients/client.h"

#include <algorithm>
#include <utility>

namespace appd::clients {
namespace {

ChannelOptions channel_options(const protocol::Address& server, const ClientOptions& options) {
  return {.session = {.protocol = server.protocol,
                      .pipeline_depth = std::max<std::size_t>(1, options.pipeline_depth)},
          .server = server.to_string(),
          .connect_timeout = options.connect_timeout,
          .reply_timeout = options.call_timeout};
}

}  // namespace

Result<std::unique_ptr<Client>> Client::connect(std::string_view server, ClientOptions options) {
  auto address = protocol::parse_address(server, kSpokenProtocols);
  if (!address) return fail(ClientError::kInvalidRequest, address.error().message);
  return connect(*address, std::move(options));
}

Result<std::unique_ptr<Client>> Client::connect(const protocol::Address& server,
                                                ClientOptions options) {
  auto endpoints = resolve_server(server);
  if (!endpoints) return tl::unexpected(endpoints.error());
  auto backend = options.backend();
  if (!backend) return fail(ClientError::kCannotConnect, backend.error().message);
  std::unique_ptr<Client> client(
      new Client(std::move(*backend), server, std::move(*endpoints), options));
  if (auto done = client->open(); !done) return tl::unexpected(done.error());
  return client;
}

Client::Client(reactor::Backend backend, const protocol::Address& server,
               std::vector<reactor::Endpoint> endpoints, const ClientOptions& options)
    : protocol_(server.protocol),
      keep_alive_(options.keep_alive),
      context_(options.max_content_bytes),
      loop_(std::move(backend)),
      channel_(loop_, context_, std::move(endpoints), channel_options(server, options), *this) {}

Client::~Client() = default;

Result<void> Client::open() {
  loop_.refresh_now();
  channel_.open();
  while (outcome_ && !opened_) loop_.run_once();
  return outcome_;
}

Result<Reply> Client::call(Request request) {
  std::vector<Request> requests;
  requests.push_back(std::move(request));
  auto replies = call_all(std::move(requests));
  if (!replies) return tl::unexpected(replies.error());
  return std::move(replies->front());
}

Result<std::vector<Reply>> Client::call_all(std::vector<Request> requests) {
  std::vector<SharedRequest> encoded;
  encoded.reserve(requests.size());
  for (Request& request : requests) {
    if (keep_alive_ && !request.keep_alive) request.keep_alive = true;
    auto wire = encode_request(std::move(request), protocol_);
    if (!wire) return tl::unexpected(wire.error());
    encoded.push_back(std::move(*wire));
  }
  settle();
  for (SharedRequest& request : encoded) channel_.submit(std::move(request));
  while (outcome_ && channel_.unanswered() > 0) loop_.run_once();
  if (!outcome_) return tl::unexpected(outcome_.error());
  return std::exchange(replies_, {});
}

// Since the last call the server may have closed the connection: better to find out before a
// request is lost in it.
void Client::settle() {
  loop_.run_once(reactor::Duration::zero());
  loop_.refresh_now();
  replies_.clear();
  outcome_ = {};
}

void Client::on_reply(Reply reply) { replies_.push_back(std::move(reply)); }

void Client::on_failed(Error error, std::size_t /*sent*/) {
  outcome_ = tl::unexpected(std::move(error));
}

}  // namespace appd::clients
