// What an App hands out for use while it is served: its log and its loop. Both live as long as the
// App, may be used on any thread, and do nothing where nobody serves (before the start, behind the
// end).
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <shared_mutex>
#include <string_view>

#include "appd/logging/log.h"

namespace appd::reactor {
class EventLoop;
}

namespace appd::daemon {

// Lines of the program in the daemon's own log:
//
//   app.log().info("opened", {{"path", path}, {"entries", entries.size()}});
//
// Message and fields are borrowed for the call (logging/log.h).
class AppLog : public std::enable_shared_from_this<AppLog> {
 public:
  using Fields = std::initializer_list<logging::Field>;

  void debug(std::string_view message, Fields fields = {}) const;
  void info(std::string_view message, Fields fields = {}) const;
  void warn(std::string_view message, Fields fields = {}) const;
  void error(std::string_view message, Fields fields = {}) const;
  // Ask before collecting anything dear for a line. False where nobody serves.
  [[nodiscard]] bool enabled(logging::Level level) const;

 private:
  friend class Attachment;
  void write(logging::Level level, std::string_view message, Fields fields) const;

  mutable std::shared_mutex mutex_;
  logging::Log* log_ = nullptr;
};

// The first loop of the server.
class AppLoop : public std::enable_shared_from_this<AppLoop> {
 public:
  // Runs `function` once on the loop's thread, in the order of posting; what is still queued at the
  // end is destroyed without a run. False: nobody serves, or EventLoop::kMaxPosted functions wait;
  // then it was not taken. It must not throw.
  [[nodiscard]] bool post(std::function<void()> function) const;

 private:
  friend class Attachment;

  mutable std::shared_mutex mutex_;
  reactor::EventLoop* loop_ = nullptr;
};

// As long as it lives, the handle stands for something, which outlives this; the App need not. One
// at a time.
class Attachment {
 public:
  Attachment(AppLog& handle, logging::Log& log);
  Attachment(AppLoop& handle, reactor::EventLoop& loop);
  Attachment(const Attachment&) = delete;
  Attachment& operator=(const Attachment&) = delete;
  // Waits for a use that another thread is in.
  ~Attachment();

 private:
  const std::shared_ptr<AppLog> log_;
  const std::shared_ptr<AppLoop> loop_;
};

}  // namespace appd::daemon
