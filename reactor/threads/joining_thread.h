// A thread that its destructor waits for: std::jthread where no stop is asked for, which libc++ has
// from version 20 on only.
#pragma once

#include <thread>
#include <utility>

namespace appd::reactor {

class JoiningThread {
 public:
  // Runs `function` at once. Throws std::system_error where no thread is to be had.
  template <class Function>
  explicit JoiningThread(Function function) : thread_(std::move(function)) {}
  JoiningThread(JoiningThread&&) noexcept = default;
  JoiningThread& operator=(JoiningThread&&) = delete;
  ~JoiningThread() {
    if (thread_.joinable()) thread_.join();
  }

  [[nodiscard]] std::thread::id id() const { return thread_.get_id(); }

 private:
  std::thread thread_;
};

}  // namespace appd::reactor
