// Servers with threads and real sockets that call themselves and each other.
#include <appd/app.h>
#include <appd/client.h>
#include <doctest/doctest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "appd/servers/server.h"

namespace appd {
namespace {

// How many calls there are from `n` down to 0, each made over the network at `server`.
Task<Result<std::int64_t>> count_down(std::int64_t n, CallContext call, Address server) {
  if (n <= 0) co_return 1;
  const CallRequest request("count-down", std::to_string(n - 1));
  const auto answer = co_await call.call(server, request);
  if (!answer) co_return tl::unexpected(answer.error());
  co_return 1 + *answer->result()->integer();
}

class ServerThread {
 public:
  explicit ServerThread(std::size_t threads) {
    app_.on("count-down", [this](std::int64_t n, CallContext call) {
      return count_down(n, std::move(call), address_);
    });
    daemon::Options options;
    options.limits.max_connections = 1000;
    server_.emplace(options.limits, threads, log_, app_.registry(options),
                    servers::ServerParts{.make_outgoing = app_.outgoing_calls()});
    address_ = server_->listen(parse_address("app://127.0.0.1:0").value()).front();
    thread_ = std::thread([this] { server_->run(); });
  }
  ~ServerThread() {
    server_->drain();
    thread_.join();
  }
  [[nodiscard]] const Address& address() const { return address_; }

 private:
  App app_;
  Address address_;
  logging::Log log_{{.level = logging::Level::kOff, .format = {}, .file = {}}};
  std::optional<servers::Server> server_;
  std::thread thread_;
};

TEST_CASE("outgoing: a server on several loops calls itself, over and over, from many clients") {
  ServerThread server(3);
  std::vector<std::thread> clients;
  std::atomic<int> right = 0;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      auto client = Client::connect(server.address());
      if (!client) return;
      for (int n = 0; n <= 8; ++n) {
        const auto reply = (*client)->call(
            *build_request("count-down", {.text = std::to_string(n)}, ValueForm::kJson));
        if (reply && reply->result == std::to_string(n + 1)) ++right;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  CHECK(right == 4 * 9);
}

TEST_CASE("outgoing: calls within calls end at their limit, over the network too") {
  ServerThread server(1);
  auto client = Client::connect(server.address());
  REQUIRE(client);
  const auto reply =
      (*client)->call(*build_request("count-down", {.text = "100"}, ValueForm::kJson));
  REQUIRE(reply);
  CHECK(reply->status == "internal");
}

}  // namespace
}  // namespace appd
