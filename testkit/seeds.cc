#include "appd/testkit/seeds.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <exception>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>

namespace appd::test {
namespace {

using Test = std::function<bool(const Setup& setup)>;

constexpr const char* kSeedVariable = "APPD_TEST_SEED";
constexpr std::size_t kToldEvents = 30;

// Why it fails; nullopt: it does not.
std::optional<std::string> failure_of(const Test& test, const Setup& setup) {
  try {
    if (test(setup)) return std::nullopt;
    return "it returns false";
  } catch (const std::exception& error) {
    return std::string("it throws: ") + error.what();
  } catch (...) {
    return "it throws";
  }
}

// As a shell reads it. Where the system does not tell: a stand-in.
std::string command_line() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  const std::string arguments{std::istreambuf_iterator<char>(file), {}};
  if (arguments.empty()) return "PROGRAM";
  std::string command;
  for (std::size_t at = 0; at < arguments.size();) {
    const std::string word = arguments.c_str() + at;
    at += word.size() + 1;
    const bool plain =
        word.find_first_not_of(
            "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./=:,+") ==
        std::string::npos;
    command += command.empty() ? "" : " ";
    command += plain && !word.empty() ? word : "'" + word + "'";
  }
  return command;
}

void tell(std::uint64_t seed, const std::string& why, const Test& test) {
  std::deque<std::string> events;
  static_cast<void>(failure_of(test, {.seed = seed, .trace = [&events](const std::string& line) {
                                        events.push_back(line);
                                        if (events.size() > kToldEvents) events.pop_front();
                                      }}));
  std::fprintf(stderr, "seed %llu fails: %s\nthe last events of its world:\n",
               static_cast<unsigned long long>(seed), why.c_str());
  for (const std::string& line : events) std::fprintf(stderr, "  %s\n", line.c_str());
  std::fprintf(stderr, "to run it alone: %s=%llu %s\n", kSeedVariable,
               static_cast<unsigned long long>(seed), command_line().c_str());
}

bool passes(std::uint64_t seed, const Test& test) {
  const auto why = failure_of(test, {.seed = seed});
  if (why) tell(seed, *why, test);
  return !why;
}

}  // namespace

bool over_seeds(std::uint64_t seeds, const Test& test) {
  if (const char* const only = std::getenv(kSeedVariable); only != nullptr && *only != '\0') {
    return passes(std::strtoull(only, nullptr, 10), test);
  }
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    if (!passes(seed, test)) return false;
  }
  return true;
}

}  // namespace appd::test
