// The access log: a line of level info for each answer (App::log_access).
#pragma once

#include <memory>

#include "handlers/layer.h"
#include "servers/log.h"

namespace appd::servers {

// Writes to a log that comes and goes: late answers of handlers that wait may outlive a server.
// Any thread.
class AccessLines {
 public:
  AccessLines();

  // nullptr: lines are dropped from now on. `log` is alive until the next call.
  void write_to(Log* log);
  [[nodiscard]] handlers::Layer layer() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace appd::servers
