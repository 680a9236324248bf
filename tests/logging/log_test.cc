#include "appd/logging/log.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <vector>

#include "appd/options/start_error.h"
#include "appd/protocol/text/json.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

using namespace appd::logging;
using namespace appd::options;
using namespace appd::testing;

namespace {

struct Fixture {
  appd::testing::TemporaryFolder folder;
  LogOptions options{.file = folder.file("appd.log")};
  [[nodiscard]] std::string written() const { return read_text_file(options.file); }
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t end = text.find('\n'); end != text.npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  CHECK(begin == text.size());
  return lines;
}

std::size_t count_of(const std::string& text, std::string_view piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != text.npos; at = text.find(piece, at + 1)) ++count;
  return count;
}

// Fills a pipe or FIFO up to the last byte.
void fill(int fd) {
  ::fcntl(fd, F_SETFL, O_NONBLOCK);
  const std::string piece(4096, '.');
  while (::write(fd, piece.data(), piece.size()) > 0) {
  }
  while (::write(fd, ".", 1) > 0) {
  }
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "log: what is less severe than the level is not written") {
  {
    options.level = Level::kWarn;
    Log log(options);
    CHECK_FALSE(log.enabled(Level::kInfo));
    CHECK(log.enabled(Level::kWarn));
    log.write(Level::kInfo, "quiet");
    log.write(Level::kError, "loud", {{"n", 1}});
    log.set_level(Level::kDebug);
    log.write(Level::kDebug, "now");
    log.set_level(Level::kOff);
    log.write(Level::kError, "never");
  }
  const auto lines = lines_of(written());
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].ends_with(" error loud n=1"));
  CHECK(lines[1].ends_with(" debug now"));
}

TEST_CASE_FIXTURE(Fixture, "log: lines in braces and percent signs are taken literally") {
  {
    Log log(options);
    log.write(Level::kInfo, "{} {0} %s %n");
  }
  CHECK(written().ends_with(" info {} {0} %s %n\n"));
}

TEST_CASE_FIXTURE(Fixture, "log: any thread may write, and every JSON line is whole") {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  options.format = LogFormat::kJson;
  {
    Log log(options);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < kThreads; ++thread) {
      threads.emplace_back([&log, thread] {
        for (int line = 0; line < kLines; ++line) {
          log.write(Level::kInfo, "event", {{"thread", thread}, {"line", line}});
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
  }
  const auto lines = lines_of(written());
  CHECK(lines.size() == kThreads * kLines);
  CHECK(std::ranges::all_of(
      lines, [](const auto& line) { return appd::protocol::JsonView::parse(line).has_value(); }));
}

TEST_CASE_FIXTURE(Fixture, "log: a file is appended to, and others may not read it") {
  write_text_file(options.file, "before\n");
  std::filesystem::remove(options.file);
  { Log(options).write(Level::kInfo, "one"); }
  { Log(options).write(Level::kInfo, "two"); }
  CHECK(lines_of(written()).size() == 2);
  struct stat status {};
  REQUIRE(::stat(options.file.c_str(), &status) == 0);
  CHECK((status.st_mode & S_IRWXO) == 0);
}

TEST_CASE_FIXTURE(Fixture, "log: reopened after a rotation it goes on in a new file") {
  {
    Log log(options);
    log.write(Level::kInfo, "before");
    std::filesystem::rename(options.file, folder.file("old.log"));
    CHECK(log.reopen().has_value());
    log.write(Level::kInfo, "after");
  }
  CHECK(written().ends_with(" info after\n"));
  CHECK(count_of(read_text_file(folder.file("old.log")) + written(), " info before\n") == 1);
}

TEST_CASE_FIXTURE(Fixture, "log: where reopening fails the old file stays in use") {
  std::filesystem::create_directory(folder.file("sub"));
  options.file = folder.file("sub/appd.log");
  {
    Log log(options);
    std::filesystem::rename(folder.file("sub"), folder.file("moved"));
    const auto reopened = log.reopen();
    REQUIRE_FALSE(reopened);
    CHECK(reopened.error().message ==
          "open log file \"" + options.file + "\": No such file or directory");
    log.write(Level::kInfo, "still");
  }
  CHECK(read_text_file(folder.file("moved/appd.log")).ends_with(" info still\n"));
}

TEST_CASE_FIXTURE(Fixture, "log: a file that cannot be opened is told at the start") {
  options.file = folder.file("none/appd.log");
  try {
    Log log(options);
    FAIL("no exception");
  } catch (const StartError& error) {
    CHECK(error.exit_code() == ExitCode::kFailure);
    CHECK(error.what() == "open log file \"" + options.file + "\": No such file or directory");
  }
}

TEST_CASE_FIXTURE(Fixture, "log: a full disk loses lines, counts them and stops nothing") {
  options.file = "/dev/full";
  if (!std::filesystem::exists(options.file)) {
    MESSAGE("this system has no /dev/full");
    return;
  }
  Log log(options);
  for (int line = 0; line < 3; ++line) log.write(Level::kInfo, "lost");
  while (log.dropped() < 3) std::this_thread::yield();
  CHECK(log.dropped() == 3);
}

TEST_CASE_FIXTURE(Fixture, "log: once there is room again it says how many lines were lost") {
  REQUIRE(::mkfifo(options.file.c_str(), 0600) == 0);
  {
    appd::reactor::OwnedFd reader(::open(options.file.c_str(), O_RDONLY | O_NONBLOCK));
    Log log(options);
    reader.reset();  // what is written now is lost
    for (int line = 0; line < 3; ++line) log.write(Level::kInfo, "lost");
    while (log.dropped() < 3) std::this_thread::yield();
    std::filesystem::remove(options.file);
    REQUIRE(log.reopen().has_value());
    log.write(Level::kInfo, "kept");
  }
  CHECK(count_of(written(), " info kept\n") == 1);
  CHECK(count_of(written(), " warn log lines were dropped count=3\n") == 1);
}

TEST_CASE_FIXTURE(Fixture,
                  "log: with a stuck reader no writer waits, and every line is accounted for") {
  constexpr std::size_t kWritten = kLogQueueLines + 1000;
  REQUIRE(::mkfifo(options.file.c_str(), 0600) == 0);
  appd::reactor::OwnedFd reader(::open(options.file.c_str(), O_RDONLY | O_NONBLOCK));
  std::string received;
  std::thread reading;
  {
    Log log(options);
    fill(appd::reactor::OwnedFd(::open(options.file.c_str(), O_WRONLY | O_NONBLOCK)).get());
    for (std::size_t line = 0; line < kWritten; ++line) log.write(Level::kInfo, "event");
    ::fcntl(reader.get(), F_SETFL, 0);
    reading = std::thread([&] {
      Pipe pipe;
      pipe.read_end = std::move(reader);
      received = pipe.read_all();
    });
  }
  reading.join();
  std::size_t told = 0;
  constexpr std::string_view kNotice = "log lines were dropped count=";
  for (std::size_t at = received.find(kNotice); at != received.npos;
       at = received.find(kNotice, at + 1)) {
    told += std::stoul(received.substr(at + kNotice.size()));
  }
  CHECK(told > 0);
  CHECK(count_of(received, " info event\n") + told == kWritten);
}

TEST_CASE_FIXTURE(Fixture, "log: a file that is a symbolic link is not followed") {
  const std::string target = folder.file("target");
  write_text_file(target, "precious\n");
  std::filesystem::create_symlink(target, options.file);
  try {
    Log log(options);
    FAIL("no exception");
  } catch (const StartError& error) {
    CHECK(error.what() ==
          "open log file \"" + options.file + "\": it is a symbolic link, and none is followed");
  }
  std::filesystem::remove(options.file);
  {
    Log log(options);
    std::filesystem::rename(options.file, folder.file("old.log"));
    std::filesystem::create_symlink(target, options.file);
    const auto reopened = log.reopen();
    REQUIRE_FALSE(reopened);
    CHECK(reopened.error().message.find("symbolic link") != std::string::npos);
    log.write(Level::kInfo, "still");
  }
  CHECK(read_text_file(target) == "precious\n");
  CHECK(read_text_file(folder.file("old.log")).ends_with(" info still\n"));
}

TEST_CASE_FIXTURE(Fixture, "log: a folder of the file's may be a symbolic link") {
  std::filesystem::create_directory(folder.file("real"));
  std::filesystem::create_directory_symlink(folder.file("real"), folder.file("link"));
  options.file = folder.file("link/appd.log");
  { Log(options).write(Level::kInfo, "there"); }
  CHECK(read_text_file(folder.file("real/appd.log")).ends_with(" info there\n"));
}

TEST_CASE("log: a file that names a descriptor is that descriptor, even where it is a socket") {
  const std::pair<int, const char*> names[] = {{STDOUT_FILENO, "/dev/stdout"},
                                               {STDERR_FILENO, "/dev/stderr"},
                                               {9, "/dev/fd/9"},
                                               {9, "/proc/self/fd/9"}};
  for (const auto& [number, name] : names) {
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0);
    Pipe sockets;
    sockets.read_end.reset(ends[0]);
    sockets.write_end.reset(ends[1]);
    const pid_t child = fork_child([&, fd = number, file = name] {
      ::dup2(sockets.write_end.get(), fd);
      Log log(LogOptions{.file = file});
      log.write(Level::kInfo, "before");
      if (!log.reopen()) return 1;
      log.write(Level::kInfo, "after");
      return 0;
    });
    const std::string received = sockets.read_all();
    CHECK(exit_code_of(child) == 0);
    CHECK(received.find(" info before\n") != std::string::npos);
    CHECK(received.find(" info after\n") != std::string::npos);
  }
}

TEST_CASE("log: a file that names a descriptor that is not there is told at the start") {
  for (const std::string name : {"/dev/fd/900", "/proc/self/fd/900"}) {
    try {
      Log log(LogOptions{.file = name});
      FAIL("no exception");
    } catch (const StartError& error) {
      CHECK(error.what() == "open log file \"" + name + "\": Bad file descriptor");
    }
  }
}

TEST_CASE("log: a closed standard error ends nothing") {
  const pid_t child = fork_child([] {
    ::close(STDERR_FILENO);
    Log log(LogOptions{});
    log.write(Level::kInfo, "nobody reads this");
    while (log.dropped() == 0) std::this_thread::yield();
    return 0;
  });
  CHECK(exit_code_of(child) == 0);
}

TEST_CASE("log: a standard error whose reader is gone ends nothing") {
  const pid_t child = fork_child([] {
    Pipe pipe;
    ::dup2(pipe.write_end.get(), STDERR_FILENO);
    pipe.read_end.reset();
    Log log(LogOptions{});
    log.write(Level::kInfo, "nobody reads this");
    while (log.dropped() == 0) std::this_thread::yield();
    return 0;
  });
  CHECK(exit_code_of(child) == 0);
}

TEST_CASE("log: standard error is the default") {
  const Outcome outcome = run_child([] {
    { Log(LogOptions{}).write(Level::kInfo, "hello"); }
    return 0;
  });
  CHECK(outcome.errors.ends_with(" info hello\n"));
  CHECK(outcome.output.empty());
}
