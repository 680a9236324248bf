// A pool of calls, and a server that does what the input says, in a calm world: each call that is
// not given up is told once, in time, the reply to that very call. Input: events of two bytes, what
// happens and to whom.
#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "appd/clients/pool/channel_pool.h"
#include "appd/reactor/check.h"
#include "tests/clients/fake_server.h"
#include "tests/fuzz/support/fuzz_input.h"
#include "tests/support/calm_world.h"

namespace {

using namespace appd;
using namespace std::chrono_literals;
using clients::CallPolicy;
using testing::FakePeer;
using testing::message;

constexpr std::size_t kMostCalls = 64;
constexpr auto kLongestDeadline = 1'600ms;
constexpr auto kLongestStep = 255ms;  // by which a call may be told late

class Stage {
 public:
  Stage()
      : loop_(world_.backend()),
        server_(loop_, [this](FakePeer& peer) { receive(peer); }),
        pool_(loop_, nullptr, {.channels_per_server = 3, .pipeline_depth = 4}) {
    address_.host = server_.endpoint().host();
    address_.port = server_.endpoint().port();
  }
  ~Stage() { calls_.clear(); }
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  void happen(std::size_t what, std::uint8_t whom) {
    switch (what) {
      case 0:
      case 1:
        start(whom);
        break;
      case 2:
        answer(whom, R"("connection": "keep-alive", "status": "ok")", false);
        break;
      case 3:
        answer(whom, R"("connection": "close", "status": "ok")", true);
        break;
      case 4:
        answer(whom, R"("connection": "close", "status": "overloaded")", true);
        break;
      case 5:
        answer(whom, R"("connection": "close", "status": "shutting_down")", true);
        break;
      case 6:
        if (FakePeer* const peer = chosen(whom)) peer->close();
        break;
      case 7:
        if (FakePeer* const peer = chosen(whom)) peer->reset();
        break;
      case 8:
        if (FakePeer* const peer = chosen(whom))
          peer->send(std::string(1, static_cast<char>(whom)));
        break;
      case 9:
        if (!calls_.empty()) calls_[whom % calls_.size()].call.reset();
        break;
      default:
        pass(std::chrono::milliseconds(whom));
    }
    settle();
  }

  void end() {
    for (auto left = kLongestDeadline + kLongestStep; left > 0ms; left -= 50ms) pass(50ms);
    for (const Call& call : calls_) APPD_CHECK(call.told || !call.call);
  }

 private:
  struct Call {
    std::unique_ptr<clients::PooledCall> call;
    bool told = false;
  };
  struct Pending {
    FakePeer* peer;
    std::string number;
  };

  void start(std::uint8_t how) {
    if (calls_.size() == kMostCalls) return;
    const std::string number = std::to_string(calls_.size());
    const CallPolicy policy{.deadline = loop_.now() + 100ms * (1 + (how >> 4)),
                            .retries = how & 3,
                            .idempotent = (how & 4) != 0,
                            .wait_for_ready = (how & 8) != 0};
    clients::Request request;
    request.content = R"({"action": "echo", "value": )" + number + '}';
    request.keep_alive = true;
    Call& call = calls_.emplace_back();
    call.call =
        pool_.start(address_, std::move(request), policy,
                    [this, &call, number, policy](const protocol::Result<clients::Reply>& reply) {
                      APPD_CHECK(!call.told);
                      call.told = true;
                      APPD_CHECK(loop_.now() <= policy.deadline + kLongestStep);
                      if (reply && !reply->is_error)
                        APPD_CHECK(reply->result == number, reply->content);
                    });
    APPD_CHECK(!call.told);
  }

  void receive(FakePeer& peer) {
    if (std::find(peers_.begin(), peers_.end(), &peer) == peers_.end()) {
      peers_.push_back(&peer);
      peer.on_gone = [this, &peer] {
        std::erase(peers_, &peer);
        std::erase_if(pending_, [&peer](const Pending& one) { return one.peer == &peer; });
      };
    }
    for (std::string one; !(one = peer.take_message()).empty();) {
      const std::string before = R"("value": )";
      const auto begin = one.rfind(before) + before.size();
      pending_.push_back({&peer, one.substr(begin, one.size() - 1 - begin)});
    }
  }

  [[nodiscard]] FakePeer* chosen(std::uint8_t whom) const {
    return peers_.empty() ? nullptr : peers_[whom % peers_.size()];
  }

  // The oldest request of a connection.
  void answer(std::uint8_t whom, std::string_view fields, bool closes) {
    FakePeer* const peer = chosen(whom);
    const auto found = std::find_if(pending_.begin(), pending_.end(),
                                    [peer](const Pending& one) { return one.peer == peer; });
    if (found == pending_.end()) return;
    peer->send(message(R"({"result": )" + found->number + '}', fields));
    pending_.erase(found);
    if (closes) peer->close();
  }

  void pass(reactor::Duration time) {
    world_.pass(time);
    settle();
  }
  void settle() {
    for (int turn = 0; turn < 10'000; ++turn) {
      const reactor::TimePoint before = world_.now();
      loop_.run_once(std::chrono::nanoseconds(1));
      if (world_.now() != before) return;
    }
    APPD_CHECK(false, "the loop spins");
  }

  testing::CalmWorld world_;
  reactor::EventLoop loop_;
  std::vector<FakePeer*> peers_;
  std::deque<Pending> pending_;
  testing::FakeServer server_;
  protocol::Address address_;
  clients::ChannelPool pool_;
  std::deque<Call> calls_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMostEvents = 200;
  constexpr std::size_t kKinds = 12;
  fuzz::FuzzInput input(data, size);
  Stage stage;
  for (std::size_t i = 0; i < kMostEvents && !input.rest().empty(); ++i) {
    const std::size_t what = input.take_below(kKinds);
    stage.happen(what, input.take_byte());
  }
  stage.end();
  return 0;
}
