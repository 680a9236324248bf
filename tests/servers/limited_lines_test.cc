#include "appd/logging/limited_lines.h"

#include <cstring>
#include <stdexcept>

#include "tests/servers/logged_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using testing::call;
using testing::kKeep;
using testing::LoggedFixture;
using testing::WirePeer;

using Lines = std::vector<std::string>;

struct FailingFixture : LoggedFixture {
  FailingFixture() {
    for (const char* name : {"one", "two", "three"}) {
      registry->add({.name = name,
                     .summary = "fails",
                     .handler = [this, name](const handlers::Request&,
                                             handlers::Reply&) -> handlers::Result<void> {
                       throw std::runtime_error(std::string(name) + " failed " +
                                                std::to_string(++failures));
                     }});
    }
  }
  void fail(WirePeer& peer, const std::string& action, int times = 1) {
    for (int i = 0; i < times; ++i) exchange(peer, call(action, "1", kKeep));
  }
  int failures = 0;
};

std::string line(const std::string& action, int failure, int suppressed) {
  return "error handler failed connection=1 action=" + action + " detail=\"" + action + " failed " +
         std::to_string(failure) + "\" suppressed=" + std::to_string(suppressed);
}

TEST_CASE_FIXTURE(FailingFixture,
                  "limited lines: different actions that fail within a second are all told") {
  auto peer = connect();
  fail(peer, "one");
  fail(peer, "two");
  fail(peer, "three");
  CHECK(lines("error") == Lines{line("one", 1, 0), line("two", 2, 0), line("three", 3, 0)});
}

TEST_CASE_FIXTURE(FailingFixture,
                  "limited lines: what was held back is told when its second is over, though "
                  "nothing fails any more") {
  auto peer = connect();
  fail(peer, "one", 5);
  fail(peer, "two");
  pass(1s);
  pass(10s);
  CHECK(lines("error") == Lines{line("one", 1, 0), line("two", 6, 0), line("one", 5, 3)});
}

TEST_CASE_FIXTURE(FailingFixture, "limited lines: one a second, and they add up") {
  auto peer = connect();
  for (int i = 0; i < 35; ++i) {
    fail(peer, "one");
    pass(100ms);
  }
  std::size_t told = 0;
  const Lines all = lines("error");
  for (const std::string& one : all) {
    told += 1 + std::stoul(one.substr(one.find("suppressed=") + std::strlen("suppressed=")));
  }
  CHECK(told == 35);
  CHECK(all.size() <= 5);
}

TEST_CASE_FIXTURE(FailingFixture, "limited lines: a server that ends tells what it held back") {
  auto peer = connect();
  fail(peer, "one", 3);
  peer.leave();
  settle();
  worker->drain();
  settle();
  CHECK(drained == 1);
  CHECK(count(Counter::kInternalErrors) == 3);
  CHECK(lines("error") == Lines{line("one", 1, 0), line("one", 3, 1)});
}

TEST_CASE_FIXTURE(LoggedFixture, "limited lines: kinds are bounded") {
  auto peer = connect();
  std::optional<logging::LimitedLines> limited(std::in_place, *written, worker->loop());
  for (std::size_t i = 0; i < 2 * logging::LimitedLines::kMaxKinds; ++i) {
    limited->write(logging::Level::kWarn, "kind", std::to_string(i), {{"i", i}});
  }
  limited.reset();
  const Lines told = lines("warn");
  CHECK(told.size() == logging::LimitedLines::kMaxKinds + 2);  // the rest is one kind
  CHECK(
      told.back().ends_with(" suppressed=" + std::to_string(logging::LimitedLines::kMaxKinds - 2)));
}

TEST_CASE_FIXTURE(LoggedFixture, "limited lines: a level that is off holds nothing") {
  auto peer = connect();
  written->set_level(logging::Level::kOff);
  std::optional<logging::LimitedLines> limited(std::in_place, *written, worker->loop());
  for (int i = 0; i < 3; ++i) limited->write(logging::Level::kWarn, "kind", {}, {});
  written->set_level(logging::Level::kWarn);
  pass(2s);
  limited.reset();
  CHECK(lines("warn").empty());
}

}  // namespace
}  // namespace appd::servers
