#include "appd/handlers/waiting/event.h"

#include <algorithm>

#include "appd/reactor/check.h"

namespace appd::handlers {

Event::~Event() { APPD_CHECK(listeners_.empty(), listeners_.size()); }

void Event::notify_all() {
  const std::lock_guard lock(mutex_);
  for (Listener* const listener : listeners_) listener->on_notified();
  listeners_.clear();
}

void Event::add(Listener& listener) {
  const std::lock_guard lock(mutex_);
  listeners_.push_back(&listener);
}

void Event::remove(Listener& listener) noexcept {
  const std::lock_guard lock(mutex_);
  const auto found = std::find(listeners_.begin(), listeners_.end(), &listener);
  if (found == listeners_.end()) return;
  *found = listeners_.back();
  listeners_.pop_back();
}

}  // namespace appd::handlers
