#include "servers/access_lines.h"

#include <chrono>
#include <mutex>

#include "handlers/layers.h"

namespace appd::servers {

struct AccessLines::State {
  std::mutex mutex;
  Log* log = nullptr;  // guarded by mutex

  void write(const handlers::Access& access) {
    const std::lock_guard lock(mutex);
    if (log == nullptr || !log->enabled(Level::kInfo)) return;
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(access.duration);
    log->write(Level::kInfo, "answered",
               {{"peer", access.peer},
                {"action", access.action},
                {"status", protocol::status_name(access.status)},
                {"bytes", access.reply_bytes},
                {"micros", micros.count()}});
  }
};

AccessLines::AccessLines() : state_(std::make_shared<State>()) {}

void AccessLines::write_to(Log* log) {
  const std::lock_guard lock(state_->mutex);
  state_->log = log;
}

handlers::Layer AccessLines::layer() const {
  return handlers::access_log(
      [state = state_](const handlers::Access& access) { state->write(access); });
}

}  // namespace appd::servers
