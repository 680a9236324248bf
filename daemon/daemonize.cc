#include "appd/daemon/daemonize.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

#include "appd/daemon/inherited_descriptors.h"
#include "appd/daemon/process_signals.h"
#include "appd/machine/thread_limits.h"
#include "appd/reactor/posix/descriptor_io.h"

namespace appd::daemon {
namespace {

using reactor::OwnedFd;

// A report is one byte, the exit code, and behind it the text, up to the pipe's end.

// Where nobody reads there is nobody to tell either.
void tell(int fd, std::string_view text) {
  static_cast<void>(reactor::write_all(fd, text, "a report"));
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

std::string report_bytes(options::ExitCode exit_code, std::string_view text) {
  std::string report(1, static_cast<char>(exit_code));
  return report.append(text);
}

// The first process: repeats the report and exits. _exit, because what atexit and destructors
// would clean up belongs to the daemon now.
[[noreturn]] void wait_and_exit(OwnedFd report_pipe, pid_t middle) {
  for (const int signo : {SIGTERM, SIGINT, SIGHUP})
    ::signal(signo, SIG_DFL);  // held for the daemon
  const std::string report = read_all(report_pipe.get());
  while (::waitpid(middle, nullptr, 0) < 0 && errno == EINTR) {
  }
  if (report.empty()) {
    tell(STDERR_FILENO, "the daemon ended before it was ready\n");
    ::_exit(static_cast<int>(options::ExitCode::kFailure));
  }
  const std::string_view text = std::string_view(report).substr(1);
  if (report[0] != static_cast<char>(options::ExitCode::kSuccess)) {
    tell(STDERR_FILENO, text);
    ::_exit(report[0]);
  }
  const auto printed = reactor::write_all(STDOUT_FILENO, text, "standard output");
  // A closed one is no failure: whoever closed it does not ask.
  if (!printed && printed.error().code != std::errc::bad_file_descriptor) {
    tell(STDERR_FILENO,
         "the daemon is ready, but cannot say so: " + printed.error().message + "\n");
    ::_exit(static_cast<int>(options::ExitCode::kFailure));
  }
  ::_exit(static_cast<int>(options::ExitCode::kSuccess));
}

// The middle process leads the new session and ends; the daemon, not a leader, can never get a
// controlling terminal by opening one (setsid(2)).
void become_daemon(int report_fd) {
  ::setsid();
  const pid_t daemon = ::fork();
  if (daemon < 0) {
    const options::StartError error = machine::fork_start_error(errno);
    tell(report_fd, report_bytes(options::ExitCode::kFailure, std::string(error.what()) + "\n"));
  }
  if (daemon != 0) ::_exit(0);
  close_descriptors(inherited_descriptors());
  ::umask(::umask(0) | (S_IWGRP | S_IWOTH));
  if (::chdir("/") != 0) throw options::system_start_error(errno, "chdir /");
}

}  // namespace

Daemonizer Daemonizer::detach() {
  if (const std::size_t threads = machine::thread_count().value_or(1); threads > 1) {
    throw options::StartError(
        "going to the background would end " + std::to_string(threads - 1) +
        " of the program's threads; start them in a function given to on_start()");
  }
  std::fflush(nullptr);  // or else several processes would write what is buffered
  std::array<int, 2> ends;
  if (::pipe(ends.data()) != 0) throw options::system_start_error(errno, "pipe");
  OwnedFd read_end(ends[0]);
  OwnedFd write_end(ends[1]);
  ::fcntl(read_end.get(), F_SETFD, FD_CLOEXEC);
  ::fcntl(write_end.get(), F_SETFD, FD_CLOEXEC);
  const pid_t middle = ::fork();
  if (middle < 0) throw machine::fork_start_error(errno);
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
  reactor::redirect_standard_streams_to_null();  // first, so that the shell's pipes end with the
                                                 // first process
  report(options::ExitCode::kSuccess, lines);
}

void Daemonizer::report_failure(std::string_view line, options::ExitCode exit_code) {
  if (!report_pipe_.valid()) return;
  report(exit_code, std::string(line) + "\n");
}

void Daemonizer::report(options::ExitCode exit_code, std::string_view text) {
  tell(report_pipe_.get(), report_bytes(exit_code, text));
  report_pipe_.reset();
}

}  // namespace appd::daemon
