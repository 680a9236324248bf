// Accepts connections of one listening socket, one an event: a look for a further one that is not
// there costs as much as half a request. Without descriptors or memory it pauses instead of
// spinning on a socket that stays ready. The loop's thread only.
#pragma once

#include <chrono>
#include <memory>
#include <system_error>

#include "appd/reactor/event_loop.h"
#include "appd/reactor/network.h"

namespace appd::reactor {

class ListenerDelegate {
 public:
  // Asked before each accept. false: the connection stays in the kernel's backlog, and the listener
  // is paused until resume(). true: on_accept() or on_not_accepted() follows.
  [[nodiscard]] virtual bool may_accept() { return true; }
  // Nobody was there, or could be accepted, or on_accept() had no memory.
  virtual void on_not_accepted() {}
  virtual void on_accept(AnyTransport transport) = 0;
  // The system has no descriptor or memory left (EMFILE ..., or std::bad_alloc out of on_accept(),
  // whose connection is lost then); accepting goes on by itself after Listener::kExhaustedPause.
  virtual void on_accept_exhausted(std::error_code error) = 0;

 protected:
  ~ListenerDelegate() = default;
};

class Listener final : private EventSink {
 public:
  static constexpr auto kExhaustedPause = std::chrono::milliseconds(100);

  // `delegate` outlives the listener. Begins to accept with start().
  Listener(EventLoop& loop, std::unique_ptr<ListeningSocket> socket, ListenerDelegate& delegate);

  // Errors: Poller::add.
  [[nodiscard]] Result<void> start();
  // Connections wait in the kernel's backlog meanwhile. Both may be called at any time.
  void pause();
  void resume();
  // Accepts all that wait now, at most `limit`: before the socket is closed for good, since what
  // waits in the backlog is lost then.
  void accept_backlog(std::size_t limit);

  [[nodiscard]] const ListeningSocket& socket() const { return *socket_; }

 private:
  void on_ready(Ready ready) override;
  // Whether another connection may be waiting.
  bool accept_one();
  bool accept_or_throw();
  void rest(std::error_code error);
  void update_interest();

  EventLoop& loop_;
  std::unique_ptr<ListeningSocket> socket_;
  ListenerDelegate& delegate_;
  Registration registration_;
  Timer exhausted_timer_;
  bool started_ = false;
  bool paused_ = false;
};

}  // namespace appd::reactor
