// A server with an action of its own and a client that calls it, in one program.
#include <cctype>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <thread>

#include "appd/clients/client.h"
#include "appd/clients/request_builder.h"
#include "appd/handlers/registry.h"
#include "appd/handlers/typed/typed.h"
#include "appd/servers/server.h"
#include "handlers/handler.h"

namespace {

using namespace appd;

// "hello" -> "HELLO".
std::string shout(std::string_view text) {
  std::string loud;
  for (const unsigned char c : text) loud += static_cast<char>(std::toupper(c));
  return loud;
}

clients::Result<std::string> call(const protocol::Address& address) {
  auto client = clients::Client::connect(address);
  if (!client) return tl::unexpected(client.error());
  auto request = clients::build_request("shout", {.text = consumer::kGreeting},
                                        clients::ValueForm::kAutomatic);
  if (!request) return tl::unexpected(request.error());
  const auto reply = (*client)->call(*std::move(request));
  if (!reply) return tl::unexpected(reply.error());
  return reply->result_text();
}

}  // namespace

int main() {
  auto registry = std::make_shared<handlers::Registry>();
  registry->add(handlers::make_action("shout", shout, {.summary = "text in capitals"}));

  logging::Log log({.level = logging::Level::kWarn});
  servers::Limits limits;
  limits.max_connections = 10;
  servers::Server server(limits, 1, log, registry);
  const auto bound = server.listen(*protocol::parse_address("app://127.0.0.1:0"));

  clients::Result<std::string> result;
  std::thread caller([&] {
    result = call(bound.front());
    server.drain();
  });
  server.run();
  caller.join();

  if (!result) {
    std::fprintf(stderr, "consumer: %s\n", result.error().message.c_str());
    return 1;
  }
  std::puts(result->c_str());
  return 0;
}
