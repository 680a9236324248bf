#include "appd/daemon/app_handles.h"

#include <mutex>
#include <utility>

#include "appd/reactor/event_loop.h"

namespace appd::daemon {

using logging::Level;

void AppLog::debug(std::string_view message, Fields fields) const {
  write(Level::kDebug, message, fields);
}
void AppLog::info(std::string_view message, Fields fields) const {
  write(Level::kInfo, message, fields);
}
void AppLog::warn(std::string_view message, Fields fields) const {
  write(Level::kWarn, message, fields);
}
void AppLog::error(std::string_view message, Fields fields) const {
  write(Level::kError, message, fields);
}

bool AppLog::enabled(Level level) const {
  const std::shared_lock lock(mutex_);
  return log_ != nullptr && log_->enabled(level);
}

void AppLog::write(Level level, std::string_view message, Fields fields) const {
  const std::shared_lock lock(mutex_);
  if (log_ != nullptr) log_->write(level, message, fields);
}

bool AppLoop::post(std::function<void()> function) const {
  const std::shared_lock lock(mutex_);
  return loop_ != nullptr && loop_->post(std::move(function));
}

Attachment::Attachment(AppLog& handle, logging::Log& log) : log_(handle.shared_from_this()) {
  const std::unique_lock lock(handle.mutex_);
  handle.log_ = &log;
}

Attachment::Attachment(AppLoop& handle, reactor::EventLoop& loop)
    : loop_(handle.shared_from_this()) {
  const std::unique_lock lock(handle.mutex_);
  handle.loop_ = &loop;
}

Attachment::~Attachment() {
  if (log_ != nullptr) {
    const std::unique_lock lock(log_->mutex_);
    log_->log_ = nullptr;
  }
  if (loop_ != nullptr) {
    const std::unique_lock lock(loop_->mutex_);
    loop_->loop_ = nullptr;
  }
}

}  // namespace appd::daemon
