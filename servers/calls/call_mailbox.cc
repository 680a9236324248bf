#include "appd/servers/calls/call_mailbox.h"

#include <new>
#include <utility>

#include "appd/servers/calls/call_environment.h"

namespace appd::servers {

void CallMailbox::put(CallEvent event) noexcept {
  const std::lock_guard lock(mutex_);
  if (loop_ == nullptr) return;
  try {
    events_.push_back(std::move(event));
    if (announced_) return;
    // The loop's queue can be full for a moment; then the next event announces this one as well.
    announced_ = loop_->post([self = shared_from_this()] { self->deliver(); });
  } catch (const std::bad_alloc&) {  // likewise
  }
}

void CallMailbox::close() {
  std::vector<CallEvent> dropped;
  const std::lock_guard lock(mutex_);
  loop_ = nullptr;
  environment_ = nullptr;
  dropped.swap(events_);
}

void CallMailbox::deliver() {
  std::vector<CallEvent> events;
  CallEnvironment* environment = nullptr;
  {
    const std::lock_guard lock(mutex_);
    announced_ = false;
    events.swap(events_);
    environment = environment_;
  }
  if (environment == nullptr) return;
  for (CallEvent& event : events) environment->on_event(std::move(event));
}

}  // namespace appd::servers
