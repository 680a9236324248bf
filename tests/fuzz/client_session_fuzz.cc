// A client's session and a server that sends anything, in a simulated world: the replies and the
// way it ends are the same in any slicing and whatever befalls its reads and writes, and it ends
// once. Where the world breaks the connection, the replies until then are the same. Input: bytes
// that choose the protocol, the pipeline's depth, the number of requests, the slicing and what
// befalls the connection; then what the server sends.
#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include "appd/clients/client_session.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"
#include "appd/reactor/sim/poller.h"
#include "tests/fuzz/support/far_end.h"
#include "tests/fuzz/support/fuzz_input.h"

namespace {

using namespace appd;
using namespace appd::fuzz;
using reactor::sim::Host;
using reactor::sim::SimPoller;
using reactor::sim::Wire;
using reactor::sim::World;

struct Plan {
  clients::SessionOptions session;
  std::size_t requests = 1;
  FarEnd::Plan server;
  WorldChoice world;
};

clients::SharedRequest make_request(protocol::Protocol protocol) {
  clients::Request request;
  request.content = R"({"action": "search", "value": "ring"})";
  request.keep_alive = true;
  return clients::encode_request(std::move(request), protocol).value();
}

// What a caller of the session sees, as text.
class Caller final : public clients::ClientSessionDelegate {
 public:
  explicit Caller(const Plan& plan)
      : requests_left_(plan.requests), request_(make_request(plan.session.protocol)) {}

  void send_all(clients::ClientSession& session) {
    session_ = &session;
    while (requests_left_ > 0 && session.may_send()) {
      --requests_left_;
      ++sent_;
      session.send(request_);
    }
  }
  void on_reply(clients::Reply reply) override {
    APPD_CHECK(!ended_ && ++replies_ <= sent_);
    std::string seen = reply.header + '|' + reply.content + '|' + reply.result + '|';
    seen += reply.is_error ? "error|" : "done|";
    for (const auto& text : {reply.text(), reply.result_text()}) {
      seen += text ? *text : text.error().message;
    }
    if (reply.is_json()) APPD_CHECK(protocol::is_valid_utf8(reply.result));
    log_.push_back(std::move(seen));
    send_all(*session_);
  }
  void on_ended(reactor::Result<void> how) override {
    APPD_CHECK(!ended_);
    ended_ = true;
    log_.push_back(how ? "closed" : how.error().message);
    if (!how) {
      APPD_CHECK(clients::client_error_of(how.error()) == clients::ClientError::kProtocolBroken);
    }
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }

 private:
  clients::ClientSession* session_ = nullptr;
  std::size_t requests_left_;
  std::size_t sent_ = 0;
  std::size_t replies_ = 0;
  clients::SharedRequest request_;
  bool ended_ = false;
  std::vector<std::string> log_;
};

struct Outcome {
  std::vector<std::string> log;
  bool broken_off = false;  // by the world
};

class Stage {
 public:
  explicit Stage(const Plan& plan)
      : world_(plan.world.seed),
        loop_(backend()),
        actor_(loop_, *poller_),
        pair_(reactor::sim::make_wire_pair(far_host_, host_, kBufferBytes)),
        caller_(plan),
        server_(world_, std::move(pair_.client), Wire::kClient, plan.server) {
    apply(plan.world, world_);
    // A wire's sides are names: this is the one that the world may leave without memory.
    session_.emplace(loop_, context_, plan.session, std::move(pair_.server), caller_);
    caller_.send_all(*session_);
  }

  Outcome play() {
    run_world(world_, [this] { return caller_.ended() && server_.said_all(); });
    const bool jumped = world_.jumped() > reactor::Duration::zero();
    return {caller_.log(), jumped || server_.wire().struck()};
  }

 private:
  static constexpr std::uint64_t kMaxContent = 4096;
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  reactor::Backend backend() {
    auto made = std::make_unique<SimPoller>(host_);
    poller_ = made.get();
    return {std::move(made), &host_, &world_.clock()};
  }

  World world_;
  Host host_{world_, {.address = "10.0.0.1"}};
  Host far_host_{world_, {.address = "10.0.0.2"}};
  SimPoller* poller_ = nullptr;  // the loop's
  reactor::EventLoop loop_;
  reactor::sim::LoopActor actor_;
  clients::SessionContext context_{kMaxContent};
  reactor::sim::WirePair pair_;
  Caller caller_;
  FarEnd server_;
  std::optional<clients::ClientSession> session_;
};

// Behind the replies comes how it ended, which the world may have changed.
void check_broken_off(const std::vector<std::string>& log, const std::vector<std::string>& whole) {
  APPD_CHECK(log.size() <= whole.size(), log.size(), whole.size());
  APPD_CHECK(std::equal(log.begin(), log.end() - 1, whole.begin()), log.back(), whole.back());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kProtocols = {protocol::Protocol::kApp, protocol::Protocol::kMessageEcho,
                                     protocol::Protocol::kFramedEcho, protocol::Protocol::kRawEcho};
  FuzzInput input(data, size);
  Plan plan;
  plan.session.protocol = kProtocols[input.take_below(kProtocols.size())];
  plan.session.pipeline_depth = 1 + input.take_below(4);
  plan.requests = 1 + input.take_below(5);
  plan.server.slicing = input.take_byte();
  const WorldChoice chosen = take_world(input);
  plan.server.stream = input.rest().substr(0, kMaxStreamBytes);

  Plan undisturbed = plan;
  undisturbed.server.slicing = 0;
  const auto whole = Stage(undisturbed).play();
  plan.world = chosen;
  const auto disturbed = Stage(plan).play();
  if (disturbed.broken_off) {
    check_broken_off(disturbed.log, whole.log);
  } else {
    APPD_CHECK(disturbed.log == whole.log, disturbed.log.back(), whole.log.back());
  }
  return 0;
}
