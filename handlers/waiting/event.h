// Something that coroutines wait for until somebody says that it has happened: a message in a room,
// a place in a queue. Coroutines of several loops may wait for one event, any thread may say so.
//
//   auto changed = call.listen(room.changed);   // counts from here on
//   if (!room.has(since)) co_await changed;
//
// Look at what you wait for after listen(), and under the lock that it is changed under: then
// nothing is missed.
#pragma once

#include <mutex>
#include <vector>

namespace appd::handlers {

// Outlives every call that listens to it. Any thread.
class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;
  ~Event();

  // Every listener goes on, each on its own loop, in a later turn. Does not block but for a lock
  // that is never held for long.
  void notify_all();

  // For servers: who is told, once, on the thread of notify_all(), and must not call the event.
  class Listener {
   public:
    virtual void on_notified() noexcept = 0;

   protected:
    ~Listener() = default;
  };
  void add(Listener& listener);
  // It is not told any more when this returns.
  void remove(Listener& listener) noexcept;

 private:
  std::mutex mutex_;
  std::vector<Listener*> listeners_;
};

}  // namespace appd::handlers
