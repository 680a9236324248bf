#include "servers/daemonize.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "servers/standard_streams.h"

namespace appd::servers {
namespace {

using reactor::OwnedFd;

// A report is one byte, the exit code, and behind it the text, up to the pipe's end.

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return;  // nobody reads: there is nobody to tell either
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string read_all(int fd) {
  std::string all;
  std::array<char, 4096> piece;
  while (true) {
    const ssize_t count = ::read(fd, piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return all;
    all.append(piece.data(), static_cast<std::size_t>(count));
  }
}

std::string report_bytes(ExitCode exit_code, std::string_view text) {
  std::string report(1, static_cast<char>(exit_code));
  return report.append(text);
}

// The first process: repeats the report and exits. _exit, because what atexit and destructors
// would clean up belongs to the daemon now.
[[noreturn]] void wait_and_exit(OwnedFd report_pipe, pid_t middle) {
  const std::string report = read_all(report_pipe.get());
  while (::waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (report.empty()) {
    write_all(STDERR_FILENO, "the daemon ended before it was ready\n");
    ::_exit(static_cast<int>(ExitCode::kFailure));
  }
  const bool ready = report[0] == static_cast<char>(ExitCode::kSuccess);
  write_all(ready ? STDOUT_FILENO : STDERR_FILENO, std::string_view(report).substr(1));
  ::_exit(report[0]);
}

// The middle process leads the new session and ends; the daemon, not a leader, can never get a
// controlling terminal by opening one (setsid(2)).
void become_daemon(int report_fd) {
  ::setsid();
  const pid_t daemon = ::fork();
  if (daemon < 0) {
    const StartError error = system_start_error(errno, "fork");
    write_all(report_fd, report_bytes(ExitCode::kFailure, std::string(error.what()) + "\n"));
  }
  if (daemon != 0) ::_exit(0);
  ::umask(::umask(0) | (S_IWGRP | S_IWOTH));
  ::signal(SIGPIPE, SIG_IGN);
  if (::chdir("/") != 0) throw system_start_error(errno, "chdir /");
}

}  // namespace

Daemonizer Daemonizer::detach() {
  std::fflush(nullptr);  // or else several processes would write what is buffered
  std::array<int, 2> ends;
  if (::pipe(ends.data()) != 0) throw system_start_error(errno, "pipe");
  OwnedFd read_end(ends[0]);
  OwnedFd write_end(ends[1]);
  ::fcntl(read_end.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(write_end.get(), F_SETFD, FD_CLOEXEC);
  const pid_t middle = ::fork();
  if (middle < 0) throw system_start_error(errno, "fork");
  if (middle > 0) {
    write_end.reset();
    wait_and_exit(std::move(read_end), middle);
  }
  become_daemon(write_end.get());
  return Daemonizer(std::move(write_end));
}

Daemonizer::Daemonizer(OwnedFd report_pipe) : report_pipe_(std::move(report_pipe)) {}

void Daemonizer::report_ready(std::string_view lines) {
  if (!report_pipe_.valid()) return;
  redirect_standard_streams_to_null();  // first, so that the shell's pipes end with the first
                                        // process
  report(ExitCode::kSuccess, lines);
}

void Daemonizer::report_failure(std::string_view line, ExitCode exit_code) {
  if (!report_pipe_.valid()) return;
  report(exit_code, std::string(line) + "\n");
}

void Daemonizer::report(ExitCode exit_code, std::string_view text) {
  write_all(report_pipe_.get(), report_bytes(exit_code, text));
  report_pipe_.reset();
}

}  // namespace appd::servers
