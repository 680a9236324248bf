#include "appd/servers/calls/call_environment.h"

#include <new>
#include <utility>

#include "appd/reactor/check.h"
#include "appd/servers/calls/call.h"

namespace appd::servers {

CallEnvironment::CallEnvironment(Parts parts)
    : parts_(std::move(parts)),
      mailbox_(std::make_shared<CallMailbox>(parts_.loop, *this)),
      home_(std::make_shared<CallHome>(mailbox_, parts_.registry)) {}

CallEnvironment::~CallEnvironment() {
  mailbox_->close();
  APPD_CHECK(calls_.taken() == 0, calls_.taken());
}

void CallEnvironment::set_registry(std::shared_ptr<const handlers::Registry> registry) {
  home_ = std::make_shared<CallHome>(mailbox_, registry);
  parts_.registry = std::move(registry);
}

bool CallEnvironment::submit(std::unique_ptr<reactor::Job> job) {
  if (parts_.pool != nullptr && parts_.pool->submit(std::move(job))) return true;
  count(Counter::kPoolFull);
  return false;
}

CallId CallEnvironment::add(Call& call) {
  const std::uint32_t index = calls_.take();
  calls_[index].call = &call;
  return {index, calls_[index].generation};
}

Call* CallEnvironment::find(CallId id) {
  const Named* const named = calls_.find(id.index, id.generation);
  return named != nullptr ? named->call : nullptr;
}

void CallEnvironment::on_event(CallEvent event) {
  if (event.kind == CallEvent::Kind::kWorkDropped) {
    count(Counter::kWorkDropped);
    return;
  }
  Call* const call = find(event.call);
  if (call == nullptr) {
    if (event.kind == CallEvent::Kind::kAnswer) count(Counter::kLateAnswers);
    return;
  }
  const CallId id = event.call;
  try {
    call->on_event(std::move(event));
  } catch (const std::bad_alloc&) {  // for what the answer needs
    if (Call* const left = find(id)) left->give_up();
  }
}

}  // namespace appd::servers
