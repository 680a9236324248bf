// What handlers and layers see of a connection's other end, through a session.
#include <vector>

#include "appd/handlers/layers/layers.h"
#include "tests/servers/calls/waiting_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using handlers::CallContext;
using handlers::OwnedRequest;
using handlers::Request;
using handlers::Responder;
using testing::call;
using testing::error_reply;
using testing::kKeep;
using testing::kKeepOk;
using testing::reply;
using testing::result;
using testing::search;
using testing::string_reply;
using testing::text_of;
using testing::WirePeer;

constexpr std::string_view kOverloaded = R"(, "connection": "close", "status": "overloaded")";

// A transport that counts how often it is asked for its peer.
class CountedTransport final : public reactor::Transport {
 public:
  CountedTransport(std::unique_ptr<Transport> inner, int& asked)
      : inner_(std::move(inner)), asked_(asked) {}

  [[nodiscard]] reactor::Descriptor descriptor() const override { return inner_->descriptor(); }
  [[nodiscard]] reactor::IoResult read(std::span<std::byte> into) override {
    return inner_->read(into);
  }
  [[nodiscard]] reactor::IoResult write(std::span<const std::byte> head,
                                        std::span<const std::byte> body) override {
    return inner_->write(head, body);
  }
  [[nodiscard]] reactor::IoResult shutdown_write() override { return inner_->shutdown_write(); }
  [[nodiscard]] std::error_code connect_result() override { return inner_->connect_result(); }
  [[nodiscard]] reactor::Endpoint local_endpoint() const override {
    return inner_->local_endpoint();
  }
  [[nodiscard]] reactor::Endpoint peer_endpoint() const override {
    ++asked_;
    return inner_->peer_endpoint();
  }

 private:
  std::unique_ptr<Transport> inner_;
  int& asked_;
};

class CountedSocket final : public reactor::ListeningSocket {
 public:
  CountedSocket(std::unique_ptr<ListeningSocket> inner, int& asked)
      : inner_(std::move(inner)), asked_(asked) {}

  [[nodiscard]] reactor::Descriptor descriptor() const override { return inner_->descriptor(); }
  [[nodiscard]] reactor::AcceptResult accept() override {
    reactor::AcceptResult accepted = inner_->accept();
    if (accepted.transport) {
      accepted.transport = std::make_unique<CountedTransport>(accepted.transport.release(), asked_);
    }
    return accepted;
  }
  [[nodiscard]] reactor::Endpoint local_endpoint() const override {
    return inner_->local_endpoint();
  }

 private:
  std::unique_ptr<ListeningSocket> inner_;
  int& asked_;
};

struct PeerFixture : testing::WaitingFixture {
  PeerFixture() {
    registry->add({.name = "whoami",
                   .summary = "the caller's address",
                   .handler = [](const Request& request, handlers::Reply& reply) {
                     reply.set_string(request.peer().address + " " + request.peer().host);
                     return handlers::Result<void>();
                   }});
  }

  // Connects to a door that counts.
  WirePeer connect_counted() {
    connect().leave();
    settle();
    if (!counted_) {
      auto socket = world.network().listen(reactor::Endpoint::any_ipv4(0), {}).value();
      counted_ = socket->local_endpoint();
      worker->listen(protocol::Protocol::kApp,
                     std::make_unique<CountedSocket>(std::move(socket), asked));
    }
    return WirePeer(world.network().connect(*counted_).value());
  }

  // Serves `action` with `layer` around it.
  void add_layered(handlers::Action action, const handlers::Layer& layer) {
    registry->add(handlers::with_layer(std::move(action), layer));
  }
  handlers::Action counted_action(std::string name, int& calls) {
    return {.name = std::move(name),
            .summary = "counts",
            .handler = [&calls](const Request&, handlers::Reply& reply) {
              reply.set_integer(++calls);
              return handlers::Result<void>();
            }};
  }

  int asked = 0;

 private:
  std::optional<reactor::Endpoint> counted_;
};

std::string address_of(WirePeer& peer) { return peer.transport().local_endpoint().to_string(); }
std::string host_of(WirePeer& peer) { return peer.transport().local_endpoint().host(); }

std::string whoami(std::string_view more = kKeep) { return call("whoami", "1", more); }

// What a handler sees ------------------------------------------------------------------------

TEST_CASE_FIXTURE(PeerFixture, "peer: a handler sees the address that the client has") {
  auto first = connect();
  auto second = connect();
  CHECK(address_of(first) != address_of(second));
  CHECK(exchange(first, whoami()) == result(address_of(first) + " " + host_of(first)));
  CHECK(exchange(second, whoami()) == result(address_of(second) + " " + host_of(second)));
}

TEST_CASE_FIXTURE(PeerFixture, "peer: every client of a Unix socket is the host unix") {
  connect().leave();
  auto path = reactor::Endpoint::unix_path("/run/app.sock").value();
  worker->listen(protocol::Protocol::kApp, world.network().listen(path, {}).value());
  WirePeer peer(world.network().connect(path).value());
  CHECK(exchange(peer, whoami()) == result("unix unix"));
}

TEST_CASE_FIXTURE(PeerFixture, "peer: who does not ask does not pay, who asks pays once") {
  registry->add({.name = "wait",
                 .summary = "",
                 .handler = {},
                 .waiting_handler = [](const Request&, const CallContext&, Responder responder) {
                   responder.reply(string_reply("waited"));
                 }});
  auto peer = connect_counted();
  CHECK(exchange(peer, search("morpheus", kKeep)) == testing::found(kKeepOk));
  CHECK(exchange(peer, call("wait", "1", kKeep)) == result("waited"));
  CHECK(asked == 0);
  exchange(peer, whoami() + whoami());
  exchange(peer, whoami());
  CHECK(asked == 1);
}

TEST_CASE_FIXTURE(PeerFixture, "peer: an owned request knows it when the connection is gone") {
  std::vector<OwnedRequest> kept;
  std::vector<Responder> responders;
  registry->add(
      {.name = "keep",
       .summary = "",
       .handler = {},
       .waiting_handler = [&](const Request& request, const CallContext&, Responder responder) {
         kept.emplace_back(request);
         responders.push_back(std::move(responder));
       }});
  auto peer = connect();
  const std::string address = address_of(peer);
  exchange(peer, call("keep", "1", R"(, "connection": "keep-alive", "trace-id": "t-1")"));
  peer.reset();
  settle();
  CHECK(worker->session_count() == 0);
  REQUIRE(kept.size() == 1);
  CHECK(kept[0]->peer().address == address);
  CHECK(kept[0]->header->other_field("trace-id")->text() == R"("t-1")");
}

TEST_CASE_FIXTURE(PeerFixture, "peer: an action that runs in the pool sees it") {
  registry->add({.name = "whoami in the pool",
                 .summary = "",
                 .handler =
                     [](const Request& request, handlers::Reply& reply) {
                       reply.set_string(request.peer().address);
                       return handlers::Result<void>();
                     },
                 .runs_in_pool = true});
  auto peer = connect();
  exchange(peer, call("whoami in the pool", "1", kKeep));
  CHECK(pool.work() == 1);
  settle();
  CHECK(peer.receive() == result(address_of(peer)));
}

TEST_CASE_FIXTURE(PeerFixture, "peer: an action that a handler calls sees the handler's caller") {
  add_coroutine("ask", [](OwnedRequest, CallContext context) -> Task {
    auto answer = co_await context.call_action(handlers::CallRequest("whoami"));
    if (!answer) co_return tl::unexpected(answer.error());
    handlers::Reply given;
    given.set_json(answer->content);
    co_return given;
  });
  auto peer = connect();
  CHECK(exchange(peer, call("ask", "1", kKeep)) ==
        reply(R"({"result": {"result": ")" + address_of(peer) + " " + host_of(peer) + R"("}})",
              kKeepOk));
}

TEST_CASE_FIXTURE(PeerFixture, "header fields: a handler sees those of others, in any slicing") {
  registry->add({.name = "trace",
                 .summary = "",
                 .handler = [](const Request& request, handlers::Reply& reply) {
                   const auto id = request.header->other_field("Trace-ID");
                   reply.set_json(id ? id->text() : "null");
                   return handlers::Result<void>();
                 }});
  auto peer = connect();
  const std::string traced = call("trace", "1", R"(, "connection": "keep-alive", "trace-id": 17)");
  for (int round = 0; round < 2; ++round) {  // the second header is known already
    CHECK(exchange(peer, traced) == reply(R"({"result": 17})", kKeepOk));
  }
  for (std::size_t cut = 1; cut < traced.size(); ++cut) {
    CAPTURE(cut);
    CHECK(exchange(peer, std::string_view(traced).substr(0, cut)).empty());
    CHECK(exchange(peer, std::string_view(traced).substr(cut)) ==
          reply(R"({"result": 17})", kKeepOk));
  }
  CHECK(exchange(peer, call("trace", "1", kKeep)) == reply(R"({"result": null})", kKeepOk));
}

// Layers ---------------------------------------------------------------------------------------

TEST_CASE_FIXTURE(PeerFixture, "layers: overloaded reaches the peer, and then the end") {
  int calls = 0;
  add_layered(counted_action("counted", calls),
              handlers::rate_limit({.per_second = 0.001, .burst = 1}));
  auto peer = connect();
  CHECK(exchange(peer, call("counted", "1", kKeep)) == reply(R"({"result": 1})", kKeepOk));
  CHECK_FALSE(peer.ended());
  CHECK(exchange(peer, call("counted", "1", kKeep) + search("morpheus", kKeep)) ==
        error_reply("too many calls of counted within a short time; try again later", kOverloaded));
  CHECK(peer.ended());
  CHECK(calls == 1);
  CHECK(worker->session_count() == 1);  // until the client's end comes
  peer.leave();
  settle();
  CHECK(worker->session_count() == 0);
}

TEST_CASE_FIXTURE(PeerFixture, "layers: a plain request is told overloaded without a status") {
  int calls = 0;
  add_layered(counted_action("counted", calls), handlers::load_shedding(0));
  auto peer = connect();
  CHECK(exchange(peer, call("counted", "1")) ==
        error_reply("more than 0 calls of all actions at a time"));
  CHECK(peer.ended());
}

TEST_CASE_FIXTURE(PeerFixture, "layers: overloaded around an action that waits is the same") {
  handlers::Action waiting = *registry->find("hold");
  waiting.name = "limited";
  add_layered(waiting, handlers::concurrency_limit(1));
  auto busy = connect();
  CHECK(exchange(busy, call("limited", "\"a\"", kKeep)).empty());
  auto peer = connect();
  CHECK(exchange(peer, call("limited", "\"b\"", kKeep)) ==
        error_reply("more than 1 calls of limited at a time", kOverloaded));
  CHECK(peer.ended());
  answer("a");
  CHECK(busy.receive() == result("a"));
  CHECK(exchange(busy, call("limited", "\"c\"", kKeep)).empty());  // there is room again
  answer("c");
  CHECK(busy.receive() == result("c"));
}

TEST_CASE_FIXTURE(PeerFixture, "layers: behind overloaded in a queue nothing is called any more") {
  int calls = 0;
  int others = 0;
  add_layered(counted_action("counted", calls), handlers::load_shedding(0));
  registry->add(counted_action("other", others));
  auto peer = connect();
  CHECK(exchange(peer, call("hold", "\"a\"", kKeep) + call("counted", "1", kKeep) +
                           call("other", "1", kKeep))
            .empty());
  answer("a");
  CHECK(peer.receive() ==
        result("a") + error_reply("more than 0 calls of all actions at a time", kOverloaded));
  CHECK(peer.ended());
  CHECK(calls == 0);
  CHECK(others == 0);
}

TEST_CASE_FIXTURE(PeerFixture, "layers: a limit by peer counts over all connections of a host") {
  int calls = 0;
  add_layered(counted_action("counted", calls),
              handlers::rate_limit({.per_second = 0.001, .burst = 2}, handlers::by_peer()));
  for (int i = 1; i <= 2; ++i) {
    auto peer = connect();
    CHECK(exchange(peer, call("counted", "1")) ==
          reply(R"({"result": )" + std::to_string(i) + "}"));
  }
  auto peer = connect();
  CHECK(exchange(peer, call("counted", "1")) ==
        error_reply("too many calls from " + host_of(peer) +
                    " within a short time; try again later"));
  CHECK(calls == 2);
}

}  // namespace
}  // namespace appd::servers
