#include "appd/servers/loop_watchdog.h"

#include <doctest/doctest.h>

#include <optional>
#include <string>

#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using Scope = handlers::RunningCall::Scope;

struct WatchdogFixture {
  WatchdogFixture() { watchdog.watch(loop); }

  // How many lines were logged.
  std::size_t look_after(reactor::Duration time) {
    now += time;
    return watchdog.look(now);
  }

  appd::testing::TemporaryFolder folder;
  logging::LogOptions options{.level = logging::Level::kInfo,
                              .format = logging::LogFormat::kText,
                              .file = folder.file("log")};
  std::optional<logging::Log> log{std::in_place, options};
  std::mutex registry_mutex;
  LoopWatchdog watchdog{100ms, registry_mutex, *log};
  handlers::RunningCall loop;
  handlers::Action slow{.name = "slow", .summary = {}, .handler = {}};
  reactor::TimePoint now{};
};

TEST_CASE_FIXTURE(WatchdogFixture, "watchdog: a handler that blocks is named while it blocks") {
  const Scope scope(loop, slow, 17);
  CHECK(look_after(0ms) == 0);
  CHECK(look_after(99ms) == 0);
  CHECK(look_after(1ms) == 1);
  log.reset();  // writes what is queued
  const std::string line = appd::testing::read_text_file(options.file);
  CHECK(line.find("a handler blocks its loop") != std::string::npos);
  CHECK(line.find("action=slow connection=17 milliseconds=100") != std::string::npos);
}

TEST_CASE_FIXTURE(WatchdogFixture, "watchdog: it is named again each time that its age doubles") {
  const Scope scope(loop, slow, 1);
  look_after(0ms);
  CHECK(look_after(100ms) == 1);
  CHECK(look_after(99ms) == 0);
  CHECK(look_after(1ms) == 1);
  CHECK(look_after(199ms) == 0);
  CHECK(look_after(1ms) == 1);
}

TEST_CASE_FIXTURE(WatchdogFixture, "watchdog: many short calls of one action are no long one") {
  for (int i = 0; i < 10; ++i) {
    const Scope scope(loop, slow, 1);
    CHECK(look_after(60ms) == 0);
  }
}

TEST_CASE_FIXTURE(WatchdogFixture, "watchdog: looks several times in the allowed time") {
  { const Scope scope(loop, slow, 1); }
  look_after(0ms);
  CHECK(watchdog.pause() == 25ms);
}

TEST_CASE_FIXTURE(WatchdogFixture, "watchdog: looks less often while no loop calls anything") {
  { const Scope scope(loop, slow, 1); }
  look_after(0ms);
  look_after(25ms);
  CHECK(watchdog.pause() == 100ms);
  { const Scope scope(loop, slow, 1); }
  look_after(100ms);
  CHECK(watchdog.pause() == 25ms);
}

TEST_CASE_FIXTURE(WatchdogFixture, "watchdog: one loop that is called keeps it awake") {
  handlers::RunningCall idle;
  watchdog.watch(idle);
  const Scope scope(loop, slow, 1);
  look_after(0ms);
  look_after(25ms);
  CHECK(watchdog.pause() == 25ms);
}

TEST_CASE_FIXTURE(WatchdogFixture, "watchdog: a loop that waits is not blocked") {
  { const Scope scope(loop, slow, 1); }
  look_after(0ms);
  CHECK(look_after(1h) == 0);
}

}  // namespace
}  // namespace appd::servers
