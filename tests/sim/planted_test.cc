// The world finds bugs: each of those of tests/sim/planted, within so many seeds.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>

#include "tests/sim/planted/planted_bugs.h"
#include "tests/sim/pool/pool_world.h"
#include "tests/sim/simulation.h"
#include "tests/sim/waiting/waiting.h"

namespace appd::testing {
namespace {

// A world that takes longer than this hangs; none takes a second.
constexpr unsigned kHangSeconds = 60;

// What is wrong in the world of this seed.
using FindIn = std::optional<std::string> (*)(std::uint64_t seed);

std::optional<std::string> whole_world(std::uint64_t seed) { return simulate(seed).violation; }
std::optional<std::string> waiting_world(std::uint64_t seed) {
  return simulate_waiting(seed).violation;
}

std::optional<std::string> streams_world(std::uint64_t seed) {
  return simulate_streams(seed).violation;
}

std::optional<std::string> pool_world(std::uint64_t seed) { return simulate_pool(seed).violation; }

struct Planted {
  std::string_view name;
  PlantedBug bug;
  std::uint64_t seeds;  // within which it must be found
  FindIn world = whole_world;
};

constexpr std::array kPlanted{
    Planted{"freed in its own callback", PlantedBug::kFreedInCallback, 20},
    Planted{"lost wake-up of post()", PlantedBug::kLostWakeup, 40},
    Planted{"stale event dispatched", PlantedBug::kStaleEvent, 60},
    Planted{"slot without a new generation", PlantedBug::kSlotReused, 60},
    Planted{"descriptor closed while watched", PlantedBug::kWatchLeft, 10},
    Planted{"end of stream drops data", PlantedBug::kEndDropsData, 40},
    Planted{"EMFILE spins", PlantedBug::kExhaustedSpins, 100},
    Planted{"watermark never resumes", PlantedBug::kWatermarkStuck, 400},
    Planted{"timer not cancelled", PlantedBug::kTimerNotCancelled, 60},
    Planted{"no idle time-out", PlantedBug::kNoIdleTimeout, 200},
    Planted{"short write loses the rest", PlantedBug::kShortWriteLoses, 20},
    Planted{"drain closes too early", PlantedBug::kDrainTooEarly, 400},
    Planted{"linger skipped", PlantedBug::kLingerSkipped, 100},
    Planted{"content-length believed", PlantedBug::kLengthBelieved, 200},
    Planted{"header parsed again", PlantedBug::kHeaderParsedAgain, 40},
    Planted{"write time-out missed", PlantedBug::kWriteTimeoutMissed, 200},
    Planted{"progress only at the kernel's door", PlantedBug::kProgressAtTheDoor, 100},
    Planted{"keep-alive on the last reply of a drain", PlantedBug::kKeepsWhenDraining, 3000},
    Planted{"replies out of order", PlantedBug::kRepliesOutOfOrder, 20, waiting_world},
    Planted{"late answer lands elsewhere", PlantedBug::kLateAnswerLands, 60, waiting_world},
    Planted{"memory of decoding kept", PlantedBug::kChargeKept, 100},
    Planted{"callback behind on_closed()", PlantedBug::kCalledWhenClosed, 10},
    Planted{"deadline behind the answer", PlantedBug::kDeadlineAfterAnswer, 40, waiting_world},
    Planted{"a coroutine's unread bytes lost", PlantedBug::kStreamRestLost, 20, streams_world},
    Planted{"a coroutine's slow reader cut off", PlantedBug::kStreamImpatient, 600, streams_world},
    Planted{"tried again behind its carrying out", PlantedBug::kSentTriedAgain, 40, pool_world},
    Planted{"given up and forgotten", PlantedBug::kGivenUpForgotten, 40, pool_world},
};

// In a process of its own, since a bug may crash or hang it. Exit 1: a violation, told on `report`.
[[noreturn]] void run_world(const Planted& planted, std::uint64_t seed, int report) {
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    (void)std::signal(signal, SIG_DFL);  // the test program's own say more than is wanted
  }
  ::alarm(kHangSeconds);
  planted_bug = planted.bug;
  const auto violation = planted.world(seed);
  const std::string why = violation.value_or("");
  const bool told = ::write(report, why.data(), why.size()) == static_cast<ssize_t>(why.size());
  std::_Exit(violation || !told ? 1 : 0);
}

// What was found, or nothing.
std::string find_in(const Planted& planted, std::uint64_t seed) {
  std::array<int, 2> ends{};
  REQUIRE(::pipe(ends.data()) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // A sanitizer's report of what was planted is of no use to anybody.
    if (planted.bug != PlantedBug::kNone) (void)::close(STDERR_FILENO);
    run_world(planted, seed, ends[1]);
  }
  (void)::close(ends[1]);
  std::array<char, 400> text{};
  const ssize_t length = ::read(ends[0], text.data(), text.size());
  (void)::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  if (WEXITSTATUS(status) == 0) return {};
  return length > 0 ? std::string(text.data(), static_cast<std::size_t>(length)) : "a crash";
}

TEST_CASE("planted: without a bug the same worlds are in order") {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    CAPTURE(seed);
    CHECK(find_in({"none", PlantedBug::kNone, 0}, seed) == "");
    CHECK(find_in({"none", PlantedBug::kNone, 0, waiting_world}, seed) == "");
    CHECK(find_in({"none", PlantedBug::kNone, 0, pool_world}, seed) == "");
  }
}

TEST_CASE("planted: each bug is found within its number of seeds") {
  for (const Planted& planted : kPlanted) {
    CAPTURE(std::string(planted.name));
    std::string found;
    std::uint64_t seed = 0;
    while (found.empty() && seed < planted.seeds) found = find_in(planted, ++seed);
    CHECK_FALSE(found.empty());
    if (!found.empty()) {
      MESSAGE(std::string(planted.name)
              << ": seed " << seed << " of at most " << planted.seeds << ": " << found);
    }
  }
}

}  // namespace
}  // namespace appd::testing
