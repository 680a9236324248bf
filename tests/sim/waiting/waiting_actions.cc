#include "tests/sim/waiting/waiting_actions.h"

#include <functional>
#include <utility>

#include "appd/handlers/actions/builtin.h"
#include "appd/reactor/threads/stop_token.h"

namespace appd::testing {

using handlers::Action;
using handlers::CallContext;
using handlers::CallReply;
using handlers::CallRequest;
using handlers::OwnedRequest;
using handlers::Reply;
using handlers::Request;
using handlers::Responder;
using handlers::Task;
using reactor::TimePoint;

namespace {

// A Responder that nobody wants any more is answered in so many of a hundred cases, else dropped.
constexpr std::uint64_t kLateAnswers = 50;
constexpr std::uint64_t kMaxDepth = 4;  // of coroutines in coroutines

std::uint64_t number_of(const Request& request) {
  return static_cast<std::uint64_t>(request.value->integer().value_or(0));
}

Reply reply_with(std::uint64_t number) {
  Reply reply;
  reply.set_integer(static_cast<std::int64_t>(number));
  return reply;
}

}  // namespace

// LaterPool --------------------------------------------------------------------------------------

bool LaterPool::submit(std::unique_ptr<reactor::Job> job) {
  const TimePoint due = std::exchange(due_, std::nullopt).value_or(world_.now() + delay_);
  if (queued_ == limit_) {
    probe_.refuse_work();
    return false;
  }
  ++queued_;
  world_.at(due, [this, job = std::shared_ptr<reactor::Job>(std::move(job))] {
    --queued_;
    job->run();
  });
  return true;
}

// The other server -------------------------------------------------------------------------------

class WaitingActions::OtherServer final : public handlers::OutgoingCalls {
 public:
  OtherServer(WaitingActions& actions, reactor::EventLoop& loop) : actions_(actions), loop_(loop) {}

  std::unique_ptr<handlers::Wait> start(const protocol::Address& /*server*/, CallRequest request,
                                        const handlers::CallTerms& /*terms*/, Done done) override {
    auto call = std::make_shared<Call>(std::move(done));
    actions_.world_.at(actions_.other_server_due_,
                       [&loop = loop_, call, content = request.content] {
                         (void)loop.post([call, content] {
                           if (!call->done) return;
                           // It may destroy the wait.
                           const auto answered = std::exchange(call->done, {});
                           answered(CallReply{.content_type = {},
                                              .content_encoding = {},
                                              .content = R"({"result": )" + content + "}"});
                         });
                       });
    return std::make_unique<Given>(std::move(call));
  }

 private:
  struct Call {
    explicit Call(Done the_done) : done(std::move(the_done)) {}
    Done done;  // empty: given up
  };
  class Given final : public handlers::Wait {
   public:
    explicit Given(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    ~Given() override { call_->done = {}; }

   private:
    std::shared_ptr<Call> call_;
  };

  WaitingActions& actions_;
  reactor::EventLoop& loop_;
};

std::unique_ptr<handlers::OutgoingCalls> WaitingActions::outgoing(reactor::EventLoop& loop) {
  loop_ = &loop;
  return std::make_unique<OtherServer>(*this, loop);
}

// Coroutines -------------------------------------------------------------------------------------

Task<handlers::Result<Reply>> WaitingActions::steps(OwnedRequest request, CallContext context) {
  WatchedCall& call = probe_.begin(number_of(*request), context.deadline());
  WaitingProbe::Frame frame(probe_, call);
  const reactor::StopCallback on_stop(context.stop_token(), [this, &call] { probe_.stop(call); });
  for (std::size_t i = 0; i < call.plan->steps.size(); ++i) {
    auto next = step(call, i, context);
    const Result done = co_await std::move(next);
    if (done) continue;
    frame.done();
    probe_.finish(call, Said::kError);
    co_return tl::unexpected(done.error());
  }
  frame.done();
  probe_.finish(call, Said::kAnswer);
  co_return reply_with(call.plan->number);
}

Task<WaitingActions::Result> WaitingActions::step(WatchedCall& call, std::size_t number,
                                                  CallContext context) {
  const CallPlan::Step& what = call.plan->steps[number];
  if (what.point == AwaitPoint::kAction && !what.child) {
    const std::uint64_t same = call.plan->number;
    const CallRequest echo("echo", std::to_string(same));
    const auto reply = co_await context.call_action(echo);
    co_return check(reply, same);
  }
  const TimePoint due = plans_.over_at(*call.plan, number, context.deadline(), world_.now());
  Suspension wait(probe_, call, number, what.child ? world_.now() : due);
  WaitingProbe::Frame frame(probe_, call);
  Task<Result> work;
  switch (what.point) {
    case AwaitPoint::kTask:
      work = sleep(call, context, due, kMaxDepth);
      break;
    case AwaitPoint::kAction:
      work = act(call, what, context);
      break;
    case AwaitPoint::kCall:
      work = ask(call, context, due);
      break;
    case AwaitPoint::kOffload:
      work = offload(call, context, due);
      break;
    default:
      work = sleep(call, context, due, 0);
  }
  const Result done = co_await std::move(work);
  done ? wait.over() : wait.failed();
  frame.done();
  co_return done;
}

Task<WaitingActions::Result> WaitingActions::sleep(WatchedCall& call, CallContext context,
                                                   TimePoint due, std::uint64_t depth) {
  WaitingProbe::Frame frame(probe_, call);
  if (depth > 0) {
    auto deeper = sleep(call, context, due, depth - 1);
    (void)co_await std::move(deeper);
  } else {
    co_await context.sleep(due - world_.now());
  }
  frame.done();
  co_return Result();
}

Task<WaitingActions::Result> WaitingActions::act(WatchedCall& call, const CallPlan::Step& step,
                                                 CallContext context) {
  WaitingProbe::Frame frame(probe_, call);
  const CallPlan& child = plans_.at(*step.child);
  probe_.call(child.number, call);
  const CallRequest request(child.action, std::to_string(child.number));
  const auto reply = co_await context.call_action(request);
  frame.done();
  co_return check(reply, child.number);
}

Task<WaitingActions::Result> WaitingActions::ask(WatchedCall& call, CallContext context,
                                                 TimePoint due) {
  WaitingProbe::Frame frame(probe_, call);
  const std::uint64_t number = call.plan->number;
  other_server_due_ = due;
  const CallRequest request("echo", std::to_string(number));
  const protocol::Address other;
  const auto reply = co_await context.call(other, request);
  frame.done();
  co_return check(reply, number);
}

Task<WaitingActions::Result> WaitingActions::offload(WatchedCall& call, CallContext context,
                                                     TimePoint due) {
  WaitingProbe::Frame frame(probe_, call);
  const std::uint64_t number = call.plan->number;
  auto work = context.offload([number] { return std::to_string(number); });
  pool_.expect(due);
  const auto text = co_await work;
  frame.done();
  if (!text) co_return tl::unexpected(text.error());
  if (*text != std::to_string(number)) world_.violate("offloaded work gave another's result");
  co_return Result();
}

WaitingActions::Result WaitingActions::check(const handlers::Result<CallReply>& reply,
                                             std::uint64_t number) {
  if (!reply) return tl::unexpected(reply.error());
  if (reply->content != R"({"result": )" + std::to_string(number) + "}") {
    world_.violate("a handler's call got another's answer: " + reply->content);
  }
  return {};
}

// Responders -------------------------------------------------------------------------------------

struct WaitingActions::Held {
  Held(WaitingActions& actions, WatchedCall& the_call, Responder the_responder,
       const reactor::StopToken& token, TimePoint due)
      : call(the_call),
        responder(std::move(the_responder)),
        wait(std::in_place, actions.probe_, call, 0, due),
        on_stop(token, [this, &actions] {
          actions.probe_.stop(call);
          if (call.stopped) wait.reset();
        }) {}

  WatchedCall& call;
  Responder responder;
  std::optional<Suspension> wait;  // until it is answered or stopped
  reactor::StopCallback<std::function<void()>> on_stop;
};

void WaitingActions::hold(const Request& request, const CallContext& context, Responder responder) {
  WatchedCall& call = probe_.begin(number_of(request), context.deadline());
  const TimePoint due = plans_.over_at(*call.plan, 0, context.deadline(), world_.now());
  auto held = std::make_shared<Held>(*this, call, std::move(responder), context.stop_token(), due);
  const bool posts = call.plan->steps[0].point == AwaitPoint::kPosted;
  world_.at(due, [this, held, posts] {
    if (!posts) {
      answer(*held);
    } else if (!loop_->post([this, held] { answer(*held); })) {
      world_.violate("post() was refused");
    }
  });
}

void WaitingActions::answer(Held& held) {
  if (held.call.stopped) {
    if (world_.random().below(100) >= kLateAnswers) return;
    world_.note("late", held.call.plan->number);
  } else {
    held.wait->over();
    probe_.finish(held.call, Said::kSent);
  }
  probe_.send_answer(held.call.stopped);
  held.responder.reply(reply_with(held.call.plan->number));
}

// Registry ---------------------------------------------------------------------------------------

// Once as it is, once with a time limit.
void WaitingActions::add(handlers::Registry& registry, const Action& action) {
  Action limited = action;
  limited.name += "-limited";
  limited.time_limit = kTimeLimit;
  registry.add(action);
  registry.add(std::move(limited));
}

std::shared_ptr<const handlers::Registry> WaitingActions::registry() {
  auto registry = std::make_shared<handlers::Registry>();
  handlers::add_builtin_actions(*registry, {});
  add(*registry, {.name = "steps",
                  .summary = "waits for one thing after the other",
                  .handler = {},
                  .waiting_handler = handlers::coroutine_handler(
                      [this](OwnedRequest request, CallContext context) {
                        return steps(std::move(request), std::move(context));
                      })});
  const handlers::WaitingHandler holds = [this](const Request& request, const CallContext& context,
                                                Responder responder) {
    hold(request, context, std::move(responder));
  };
  add(*registry, {.name = "hold",
                  .summary = "answered from elsewhere",
                  .handler = {},
                  .waiting_handler = holds});
  add(*registry, {.name = "post",
                  .summary = "answered by a posted function",
                  .handler = {},
                  .waiting_handler = holds});
  add(*registry, {.name = "block-and-hold",
                  .summary = "runs in the pool, answered from elsewhere",
                  .handler = {},
                  .waiting_handler = holds,
                  .runs_in_pool = true});
  add(*registry,
      {.name = "block",
       .summary = "runs in the pool",
       .handler = [this](const Request& request, Reply& reply) -> handlers::Result<void> {
         probe_.finish(probe_.begin(number_of(request), std::nullopt), Said::kSent);
         probe_.send_answer(false);
         reply = reply_with(number_of(request));
         return {};
       },
       .runs_in_pool = true});
  return registry;
}

}  // namespace appd::testing
