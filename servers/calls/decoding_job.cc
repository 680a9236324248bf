#include "appd/servers/calls/decoding_job.h"

#include <new>
#include <optional>
#include <utility>

#include "appd/handlers/dispatch.h"

namespace appd::servers {

namespace {

// Keeps the call of an action that waits, or is the loop's affair, for the loop.
class LaterCall final : public handlers::DispatchDelegate {
 public:
  explicit LaterCall(handlers::PeerSource& source) : source_(source) {}
  bool start(const handlers::Action& action, const handlers::Request& request,
             handlers::Reply& /*reply*/) override {
    call = std::make_unique<DecodedCall>(action, handlers::OwnedRequest(request));
    return false;
  }
  bool off_loop() const override { return true; }
  const handlers::Peer& peer() override { return source_.peer(); }
  reactor::TimePoint now() override { return source_.now(); }

  std::unique_ptr<DecodedCall> call;

 private:
  handlers::PeerSource& source_;
};

}  // namespace

DecodingJob::DecodingJob(std::shared_ptr<CallHandle> handle, handlers::OwnedRequest raw,
                         std::size_t max_nesting, std::shared_ptr<reactor::BufferBudget> budget)
    : handle_(std::move(handle)),
      raw_(std::move(raw)),
      max_nesting_(max_nesting),
      charge_(std::move(budget), kDecodingParts * raw_->payload.size()) {}

void DecodingJob::run() noexcept {
  if (handle_->stop_requested()) {
    handle_->put({.kind = CallEvent::Kind::kWorkDropped});
    return;
  }
  CallEvent event{.kind = CallEvent::Kind::kAnswer};
  try {
    event = decode();
  } catch (const std::bad_alloc&) {
    event.reply.set_unanswered();
  }
  handle_->put(std::move(event));
}

CallEvent DecodingJob::decode() {
  protocol::JsonReader reader(max_nesting_);
  handlers::Dispatcher dispatcher(*handle_->home()->registry, reader);
  LaterCall later(*raw_->source);
  const handlers::Dispatched done = dispatcher.dispatch(*raw_->header, raw_->payload, later);
  CallEvent event{.kind = CallEvent::Kind::kAnswer, .action = done.action_name()};
  if (done.reply != nullptr) {
    event.reply = std::move(*done.reply);
  } else {
    event.kind = CallEvent::Kind::kDecoded;
    event.decoded = std::move(later.call);
  }
  return event;
}

}  // namespace appd::servers
