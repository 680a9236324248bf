#include "appd/servers/sessions/decoding_job.h"

#include <new>
#include <optional>
#include <utility>

#include "appd/handlers/dispatch.h"

namespace appd::servers {

namespace {

// Keeps the call of an action that waits, for the loop.
class LaterStarter final : public handlers::CallStarter {
 public:
  explicit LaterStarter(handlers::PeerSource& source) : source_(source) {}
  bool start(const handlers::Action& action, const handlers::Request& request,
             handlers::Reply& /*reply*/) override {
    call = std::make_unique<DecodedCall>(action, handlers::OwnedRequest(request));
    return false;
  }
  const handlers::Peer& peer() override { return source_.peer(); }

  std::unique_ptr<DecodedCall> call;

 private:
  handlers::PeerSource& source_;
};

}  // namespace

DecodingJob::DecodingJob(std::shared_ptr<CallState> state, handlers::OwnedRequest raw,
                         std::size_t max_nesting, std::shared_ptr<reactor::BufferBudget> budget)
    : state_(std::move(state)),
      raw_(std::move(raw)),
      max_nesting_(max_nesting),
      charge_(std::move(budget), kDecodingParts * raw_->payload.size()) {}

void DecodingJob::run() noexcept {
  CallEvent event{.call = state_->id(), .kind = CallEvent::Kind::kWorkDropped};
  if (!state_->stop_token().stop_requested()) {
    try {
      decode(event);
    } catch (const std::bad_alloc&) {
      event.kind = CallEvent::Kind::kAnswer;
      event.reply.set_unanswered();
    }
  }
  state_->mailbox().put(std::move(event));
}

void DecodingJob::decode(CallEvent& event) {
  protocol::JsonReader reader(max_nesting_);
  handlers::Dispatcher dispatcher(*state_->registry(), reader);
  LaterStarter starter(*raw_->source);
  const handlers::Dispatched done = dispatcher.dispatch(*raw_->header, raw_->payload, starter);
  event.action = done.action_name();
  if (done.reply != nullptr) {
    event.reply = dispatcher.take_reply();
    event.kind = CallEvent::Kind::kAnswer;
  } else {
    event.decoded = std::move(starter.call);
    event.kind = CallEvent::Kind::kDecoded;
  }
}

}  // namespace appd::servers
