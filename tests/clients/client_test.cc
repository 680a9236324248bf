#include "appd/clients/client.h"

#include <doctest/doctest.h>

#include "appd/clients/request_builder.h"
#include "tests/clients/fake_server.h"
#include "tests/support/calm_world.h"

namespace appd::clients {
namespace {

using testing::FakePeer;
using testing::FakeServerThread;
using testing::message;

constexpr std::string_view kKept = R"("connection": "keep-alive", "status": "ok")";

Request search(const std::string& query) {
  return build_request("search", {query}, ValueForm::kAutomatic).value();
}

void answer_and_keep(FakePeer& peer) {
  while (!peer.take_message().empty()) peer.send(message(R"({"result": "kept"})", kKept));
}

void answer_once(FakePeer& peer) {
  if (peer.take_message().empty()) return;
  peer.send(message(R"({"result": "closed"})"));
  peer.close();
}

TEST_CASE("client: calls share one connection while the server keeps it") {
  FakeServerThread server(answer_and_keep);
  auto client = Client::connect(server.app_address()).value();
  for (int i = 0; i < 3; ++i) {
    CHECK(client->call(search("x")).value().result_text().value() == "kept");
  }
  server.stop();
  CHECK(server.accepted() == 1);
}

TEST_CASE("client: a server that closes after each reply is called as well") {
  FakeServerThread server(answer_once);
  auto client = Client::connect(server.app_address()).value();
  for (int i = 0; i < 3; ++i) {
    CHECK(client->call(search("x")).value().result_text().value() == "closed");
  }
}

TEST_CASE("client: a batch is answered in order") {
  FakeServerThread server([](FakePeer& peer) {
    for (std::string one = peer.take_message(); !one.empty(); one = peer.take_message()) {
      const std::string value = one.substr(one.rfind(": ") + 2);
      peer.send(message(R"({"result": )" + value, kKept));
    }
  });
  auto client = Client::connect(server.app_address()).value();
  std::vector<Request> requests;
  for (int i = 0; i < 100; ++i) requests.push_back(search(std::to_string(i)));
  const auto replies = client->call_all(std::move(requests)).value();
  REQUIRE(replies.size() == 100);
  for (std::size_t i = 0; i < replies.size(); ++i) {
    CHECK(replies[i].result_text().value() == std::to_string(i));
  }
}

TEST_CASE("client: an empty batch is answered at once") {
  FakeServerThread server(answer_and_keep);
  CHECK(Client::connect(server.app_address()).value()->call_all({}).value().empty());
}

TEST_CASE("client: a server's error is a reply that says so") {
  FakeServerThread server([](FakePeer& peer) {
    if (peer.take_message().empty()) return;
    peer.send(message(R"({"result": "Error: invalid action \"x\"."})"));
    peer.close();
  });
  auto client = Client::connect(server.app_address()).value();
  const Reply reply = client->call(search("x")).value();
  CHECK(reply.is_error);
  CHECK(client_error_of(reply.result_text().error()) == ClientError::kServerError);
}

TEST_CASE("client: nobody listening is kCannotConnect") {
  protocol::Address address;
  {
    const FakeServerThread server(answer_once);
    address = server.address(protocol::Protocol::kApp);
  }
  const auto client = Client::connect(address);
  REQUIRE_FALSE(client);
  CHECK(client_error_of(client.error()) == ClientError::kCannotConnect);
}

TEST_CASE("client: an early close is kProtocolBroken, and the next call connects anew") {
  FakeServerThread server([](FakePeer& peer) {
    if (peer.number == 0) {
      peer.close();
    } else {
      answer_once(peer);
    }
  });
  auto client = Client::connect(server.app_address()).value();
  const auto broken = client->call(search("x"));
  REQUIRE_FALSE(broken);
  CHECK(client_error_of(broken.error()) == ClientError::kProtocolBroken);
  CHECK(client->call(search("x")).has_value());
}

TEST_CASE("client: a server that never answers is kTimeout") {
  testing::CalmWorld world;
  const auto endpoint = reactor::Endpoint::ip("127.0.0.1", 7).value();
  const auto socket = world.network().listen(endpoint, {}).value();
  ClientOptions options;
  options.backend = [&]() -> reactor::Result<reactor::Backend> { return world.backend(); };
  auto client = Client::connect("127.0.0.1:7", options).value();
  const auto reply = client->call(search("x"));
  REQUIRE_FALSE(reply);
  CHECK(client_error_of(reply.error()) == ClientError::kTimeout);
}

TEST_CASE("client: a bad address and a bad request are kInvalidRequest") {
  const auto bad = Client::connect("nonsense://x");
  REQUIRE_FALSE(bad);
  CHECK(client_error_of(bad.error()) == ClientError::kInvalidRequest);
  FakeServerThread server(answer_and_keep);
  auto client = Client::connect(server.app_address()).value();
  Request request = search("x");
  request.other_fields.emplace_back("x", '"' + std::string(70'000, 'y') + '"');
  CHECK(client_error_of(client->call(request).error()) == ClientError::kInvalidRequest);
  CHECK(client->call(search("x")).has_value());
}

}  // namespace
}  // namespace appd::clients
