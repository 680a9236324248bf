#include "appd/servers/calls/call_table.h"

#include <new>
#include <utility>

#include "appd/reactor/check.h"
#include "appd/servers/calls/pending_call.h"

namespace appd::servers {

CallTable::CallTable(reactor::EventLoop& loop, Metrics& metrics, handlers::RunningCall& running,
                     CallResources resources, std::unique_ptr<handlers::OutgoingCalls> outgoing)
    : loop_(loop),
      metrics_(metrics),
      running_(running),
      resources_(std::move(resources)),
      outgoing_(std::move(outgoing)),
      mailbox_(std::make_shared<CallMailbox>(loop, static_cast<CallEventSink&>(*this))) {}

CallTable::~CallTable() {
  mailbox_->close();
  APPD_CHECK(free_places_.size() == places_.size(), places_.size() - free_places_.size());
}

CallId CallTable::add(PendingCall& call) {
  if (free_places_.empty()) {
    // First room for all, so that neither the lines below nor remove() can fail half-way.
    if (free_places_.capacity() <= places_.size()) free_places_.reserve(2 * places_.size() + 1);
    places_.emplace_back();
    free_places_.push_back(static_cast<std::uint32_t>(places_.size() - 1));
  }
  const std::uint32_t index = free_places_.back();
  free_places_.pop_back();
  places_[index].call = &call;
  return {index, places_[index].generation};
}

void CallTable::remove(CallId id) {
  Place& place = places_[id.index];
  APPD_CHECK(place.generation == id.generation, place.generation, id.generation);
  place.call = nullptr;
  ++place.generation;
  free_places_.push_back(id.index);
}

PendingCall* CallTable::find(CallId id) const {
  const Place& place = places_[id.index];
  const bool gone = place.generation != id.generation;
  return gone ? nullptr : place.call;
}

void CallTable::on_call_event(CallEvent event) {
  if (event.kind == CallEvent::Kind::kWorkDropped) {
    metrics_.add(Counter::kWorkDropped);
    return;
  }
  PendingCall* call = find(event.call);
  if (call == nullptr) {
    if (event.kind == CallEvent::Kind::kAnswer) metrics_.add(Counter::kLateAnswers);
    return;
  }
  const CallId id = event.call;
  try {
    deliver(*call, std::move(event));
  } catch (const std::bad_alloc&) {  // for what the answer needs
    if (PendingCall* left = find(id)) left->give_up();
  }
}

void CallTable::deliver(PendingCall& call, CallEvent event) {
  if (!event.action.empty()) call.note_action(event.action);
  if (event.kind == CallEvent::Kind::kWorkDone) {
    call.on_work_done(event.wait);
  } else if (event.kind == CallEvent::Kind::kDecoded) {
    call.on_decoded(*event.decoded);
  } else {
    call.on_answer(std::move(event.reply));
  }
}

}  // namespace appd::servers
