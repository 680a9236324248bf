// A part of a test in a process of its own.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <string_view>

#include "appd/reactor/posix/owned_fd.h"

// Of clang's counters (scripts/coverage), which _exit(2) would leave out; null in other builds.
extern "C" [[gnu::weak]] int __llvm_profile_write_file();  // NOLINT

namespace appd::testing {

// From a child, whose writes a test can do nothing about.
inline void tell(int descriptor, std::string_view text) {
  [[maybe_unused]] const ssize_t written = ::write(descriptor, text.data(), text.size());
}

struct Pipe {
  Pipe() {
    std::array<int, 2> ends{-1, -1};
    if (::pipe(ends.data()) != 0) std::abort();  // a test that cannot begin
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  // Up to the end: until every process has closed the writing end.
  [[nodiscard]] std::string read_all() {
    write_end.reset();
    std::string all;
    std::array<char, 4096> piece;
    ssize_t count = 0;
    while ((count = ::read(read_end.get(), piece.data(), piece.size())) > 0) {
      all.append(piece.data(), static_cast<std::size_t>(count));
    }
    return all;
  }
  reactor::OwnedFd read_end;
  reactor::OwnedFd write_end;
};

// Runs `body` in a forked process, which then exits with what it returned, without destructors.
[[nodiscard]] inline pid_t fork_child(const std::function<int()>& body) {
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const int code = body();
    if (__llvm_profile_write_file != nullptr) __llvm_profile_write_file();
    ::_exit(code);
  }
  return child;
}

// -1: ended by a signal.
[[nodiscard]] inline int exit_code_of(pid_t child) {
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

struct Outcome {
  int exit_code = -1;
  std::string output;
  std::string errors;
};

// Runs `body` like fork_child(), and collects what is written to its standard streams (little: they
// are read one after the other).
[[nodiscard]] inline Outcome run_child(const std::function<int()>& body) {
  Pipe output;
  Pipe errors;
  const pid_t child = fork_child([&] {
    ::dup2(output.write_end.get(), STDOUT_FILENO);
    ::dup2(errors.write_end.get(), STDERR_FILENO);
    for (Pipe* pipe : {&output, &errors}) {
      pipe->read_end.reset();
      pipe->write_end.reset();
    }
    return body();
  });
  Outcome outcome;
  outcome.output = output.read_all();
  outcome.errors = errors.read_all();
  outcome.exit_code = exit_code_of(child);
  return outcome;
}

}  // namespace appd::testing
