#include "appd/reactor/turn_end.h"

namespace appd::reactor {

void TurnEndList::add(TurnEndSink& sink) {
  if (sink.next_ == &sink) sink.link_before(waiting_);
}

void TurnEndList::call_all() {
  called_.link_before(waiting_);  // waiting_ is taken out of the ring, called_ takes its place
  waiting_.unlink();
  while (called_.next_ != &called_) {
    TurnEndSink& sink = *called_.next_;
    sink.unlink();
    sink.on_turn_end();
  }
}

}  // namespace appd::reactor
