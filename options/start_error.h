// How a program of this project fails at start-up: an exception up to main, one line, an exit code.
#pragma once

#include <stdexcept>
#include <string>
#include <system_error>

namespace appd::options {

enum class ExitCode : int {
  kSuccess = 0,  // served and drained, or printed what was asked for
  kFailure = 1,  // a port in use, a file that cannot be read, a system call refused
  kUsage = 2,    // a wrong flag, environment variable, file key or value
};

// what() is one line for a person: what was wrong, and with which object. No full stop.
class StartError : public std::runtime_error {
 public:
  explicit StartError(const std::string& line, ExitCode exit_code = ExitCode::kFailure)
      : std::runtime_error(line), exit_code_(exit_code) {}
  [[nodiscard]] ExitCode exit_code() const { return exit_code_; }

 private:
  ExitCode exit_code_;
};

// For a failed system call, `errno_value` read right behind it: "CONTEXT: the system's reason".
inline StartError system_start_error(int errno_value, const std::string& context) {
  return StartError(context + ": " + std::system_category().message(errno_value));
}

// what() names the option, where its value came from, and what would be right.
class UsageError : public StartError {
 public:
  explicit UsageError(const std::string& line) : StartError(line, ExitCode::kUsage) {}
};

}  // namespace appd::options
