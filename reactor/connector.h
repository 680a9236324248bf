// Connects to the first of several endpoints that answers, one after the other.
// The loop's thread only.
#pragma once

#include <memory>
#include <vector>

#include "appd/reactor/event_loop.h"
#include "appd/reactor/network.h"

namespace appd::reactor {

class ConnectorDelegate {
 public:
  // Either, exactly once after start(), never from within it. The connector may be destroyed in it.
  virtual void on_connected(AnyTransport transport) = 0;
  // `error` is the last endpoint's; one that this machine cannot reach at all (no IPv6) only where
  // all are so.
  virtual void on_connect_failed(Error error) = 0;

 protected:
  ~ConnectorDelegate() = default;
};

class Connector final : private EventSink {
 public:
  // `delegate` outlives the connector, or the connector is destroyed first, which cancels.
  Connector(EventLoop& loop, ConnectorDelegate& delegate);

  // `endpoints`: at least one. `attempt_timeout`: for each of them.
  void start(std::vector<Endpoint> endpoints, Duration attempt_timeout);

 private:
  void on_ready(Ready ready) override;
  void on_timer();
  void try_next();
  void attempt_failed(Error error);
  void note_failure(Error error);

  EventLoop& loop_;
  ConnectorDelegate& delegate_;
  std::vector<Endpoint> endpoints_;
  std::size_t next_ = 0;
  Duration attempt_timeout_{};
  Error last_error_;
  AnyTransport transport_;
  Registration registration_;
  Timer timer_;
};

}  // namespace appd::reactor
