#include "appd/clients/load/load_lane.h"

#include <chrono>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::clients {
namespace {

// A server that refuses is not asked again at once: that would measure the refusals.
constexpr auto kPauseBehindFailure = std::chrono::milliseconds(10);

}  // namespace

LoadLane::LoadLane(reactor::EventLoop& loop, LoadContext& context, LoadLaneDelegate& delegate)
    : loop_(loop),
      context_(context),
      delegate_(delegate),
      connector_(loop, static_cast<reactor::ConnectorDelegate&>(*this)),
      pause_(reactor::Timer::calling<&LoadLane::on_pause_over>(loop.timers(), *this)) {}

LoadLane::~LoadLane() = default;

void LoadLane::open() { connect(State::kOpening); }

void LoadLane::connect(State state) {
  state_ = state;
  connector_.start(context_.plan.endpoints, context_.plan.timeout);
}

std::size_t LoadLane::room() const {
  if (context_.plan.one_shot) return state_ == State::kIdle ? 1 : 0;
  return state_ == State::kConnected ? connection_->room() : 0;
}

void LoadLane::send(std::size_t count, reactor::TimePoint begin) {
  APPD_CHECK(count <= room(), count, room());
  if (context_.plan.one_shot) {
    begin_ = begin;
    connect(State::kConnecting);
    return;
  }
  if (connection_->under_way() == 0) progress_ = loop_.now();
  connection_->send(count, begin);
}

void LoadLane::on_connected(reactor::AnyTransport transport) {
  state_ = State::kConnected;
  progress_ = loop_.now();
  connection_ = std::make_unique<LoadConnection>(loop_, context_, std::move(transport),
                                                 static_cast<LoadConnectionDelegate&>(*this));
  LoadConnection& connection = *connection_;
  if (context_.plan.one_shot) connection.send(1, begin_);
  connection.start();
  if (!context_.plan.one_shot) delegate_.on_room(*this);
}

void LoadLane::on_connect_failed(reactor::Error error) {
  if (state_ == State::kOpening) {
    delegate_.on_open_failed(error);
    return;
  }
  if (context_.plan.one_shot) delegate_.on_failed(begin_, 1, Failure::kBroken, error.message);
  pause();
}

void LoadLane::on_replies(reactor::TimePoint begin, std::size_t count) {
  progress_ = loop_.now();
  delegate_.on_good(begin, count);
}

void LoadLane::on_wrong_reply(reactor::TimePoint begin, const std::string& what) {
  progress_ = loop_.now();
  delegate_.on_failed(begin, 1, Failure::kWrongReply, what);
}

void LoadLane::on_replies_taken() {
  progress_ = loop_.now();  // of a reply that is not whole, too
  if (!context_.plan.one_shot) {
    delegate_.on_room(*this);
  } else if (connection_->under_way() == 0 && !context_.plan.server_closes) {
    connection_->close();
  }
}

void LoadLane::on_ended(const std::string& why) {
  if (!why.empty() && connection_->under_way() == 0) delegate_.on_fault(why);
  fail_requests(Failure::kBroken, why);
  drop_connection();
  if (!context_.plan.one_shot || !why.empty()) {
    pause();
    return;
  }
  state_ = State::kIdle;
  delegate_.on_room(*this);
}

void LoadLane::fail_requests(Failure how, const std::string& why) {
  if (context_.plan.one_shot && state_ == State::kConnecting) {
    delegate_.on_failed(begin_, 1, how, why);
  }
  while (connection_ && connection_->under_way() > 0) {
    const auto burst = connection_->take_oldest(connection_->under_way());
    delegate_.on_failed(burst.begin, burst.count, how, why);
  }
}

void LoadLane::drop_connection() {
  if (!connection_) return;
  connection_->leave();
  loop_.retire(std::move(connection_));
}

void LoadLane::pause() {
  state_ = State::kPausing;
  pause_.arm(loop_.now() + kPauseBehindFailure);
}

void LoadLane::on_pause_over() {
  if (!context_.plan.one_shot) {
    connect(State::kConnecting);
    return;
  }
  state_ = State::kIdle;
  delegate_.on_room(*this);
}

void LoadLane::check_progress() {
  // A one-shot connection is under way until the server has ended it.
  const bool waits = connection_ && (context_.plan.one_shot || connection_->under_way() > 0);
  if (!waits || loop_.now() - progress_ < context_.plan.timeout) return;
  // A request that is large may be long on its way.
  if (connection_->progressed_since(loop_.now() - context_.plan.timeout)) return;
  fail_requests(Failure::kTimeout, "no reply in time");
  drop_connection();
  pause();
}

void LoadLane::give_up() { fail_requests(Failure::kTimeout, "no reply before the run's end"); }

}  // namespace appd::clients
