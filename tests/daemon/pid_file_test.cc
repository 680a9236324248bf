#include "appd/daemon/pid_file.h"

#include <doctest/doctest.h>
#include <sys/resource.h>

#include <csignal>
#include <filesystem>
#include <optional>

#include "appd/options/start_error.h"
#include "tests/support/child_process.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

using namespace appd::daemon;
using namespace appd::options;
using namespace appd::testing;

namespace {

struct PidFileFixture {
  appd::testing::TemporaryFolder folder;
  std::string path = folder.file("appd.pid");

  std::string refusal() const {
    try {
      const PidFile file = PidFile::acquire(path);
    } catch (const StartError& error) {
      CHECK(error.exit_code() == ExitCode::kFailure);
      return error.what();
    }
    return "taken";
  }
};

}  // namespace

TEST_CASE_FIXTURE(PidFileFixture, "pid file: holds the process number, and is removed at the end") {
  {
    const PidFile file = PidFile::acquire(path);
    CHECK(read_text_file(path) == std::to_string(::getpid()) + "\n");
  }
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE_FIXTURE(PidFileFixture,
                  "pid file: a second process is refused, and replaces a stale file") {
  Pipe ready;
  Pipe release;
  const pid_t child = fork_child([&] {
    release.write_end.reset();
    const PidFile file = PidFile::acquire(path);
    tell(ready.write_end.get(), "r");
    ready.write_end.reset();
    static_cast<void>(release.read_all());
    ::_exit(0);  // like a crash: without removing the file
    return 1;
  });
  CHECK(ready.read_all() == "r");
  CHECK(refusal() ==
        "already running as " + std::to_string(child) + " (pid file \"" + path + "\" is locked)");
  CHECK(read_text_file(path) == std::to_string(child) + "\n");
  release.write_end.reset();
  CHECK(exit_code_of(child) == 0);

  CHECK(std::filesystem::exists(path));
  const PidFile file = PidFile::acquire(path);
  CHECK(read_text_file(path) == std::to_string(::getpid()) + "\n");
}

TEST_CASE_FIXTURE(PidFileFixture, "pid file: a forked child does not remove its parent's file") {
  std::optional<PidFile> file(PidFile::acquire(path));
  const pid_t child = fork_child([&] {
    file.reset();
    return 0;
  });
  CHECK(exit_code_of(child) == 0);
  CHECK(std::filesystem::exists(path));
}

TEST_CASE_FIXTURE(PidFileFixture,
                  "pid file: one that somebody else put in its place is not removed") {
  {
    const PidFile file = PidFile::acquire(path);
    std::filesystem::remove(path);
    write_text_file(path, "1\n");
  }
  CHECK(read_text_file(path) == "1\n");
}

TEST_CASE_FIXTURE(PidFileFixture, "pid file: a file with other content is left alone") {
  write_text_file(path, "precious\n");
  CHECK(refusal() ==
        "pid file \"" + path + "\" holds something else than a process number; it was left alone");
  CHECK(read_text_file(path) == "precious\n");
}

TEST_CASE_FIXTURE(PidFileFixture, "pid file: a link is not followed") {
  write_text_file(folder.file("target"), "");
  std::filesystem::create_symlink(folder.file("target"), path);
  CHECK(refusal().starts_with("create pid file \"" + path + "\": "));
}

TEST_CASE_FIXTURE(PidFileFixture, "pid file: a folder that does not exist is told") {
  path = folder.file("none/appd.pid");
  CHECK(refusal() == "create pid file \"" + path + "\": No such file or directory");
}

TEST_CASE_FIXTURE(PidFileFixture,
                  "pid file: one that cannot be written is told, and not left empty") {
  const Outcome outcome = run_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit nothing{0, 0};
    ::setrlimit(RLIMIT_FSIZE, &nothing);
    const std::string line = refusal();
    return line == "write pid file \"" + path + "\": File too large" ? 0 : 1;
  });
  CHECK(outcome.exit_code == 0);
  CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE_FIXTURE(PidFileFixture,
                  "pid file: a longer number of a crashed process leaves nothing behind") {
  write_text_file(path, "99999999999999\n");
  const PidFile file = PidFile::acquire(path);
  CHECK(read_text_file(path) == std::to_string(::getpid()) + "\n");
}
