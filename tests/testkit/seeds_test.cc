// One test over many seeds. What is told of one that fails is read from a process of its own.
#include <appd/test.h>
#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>

namespace appd::test {
namespace {

// Standard error of `body`.
template <class Body>
std::string told_by(const Body& body) {
  std::FILE* const file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int before = ::dup(STDERR_FILENO);
  ::dup2(::fileno(file), STDERR_FILENO);
  body();
  ::dup2(before, STDERR_FILENO);
  ::close(before);
  std::rewind(file);
  std::string told(64 * 1024, '\0');
  told.resize(std::fread(told.data(), 1, told.size(), file));
  std::fclose(file);
  return told;
}

bool works(const Setup& setup) {
  App app;
  app.on("twice", [](std::int64_t n) { return 2 * n; });
  SimulatedApp world(app, setup);
  return world.call("twice", "21") == "42";
}

}  // namespace

TEST_CASE("seeds: each has a world of its own, from the first to the last") {
  std::vector<std::uint64_t> seeds;
  CHECK(over_seeds(5, [&seeds](const Setup& setup) {
    seeds.push_back(setup.seed);
    return works(setup);
  }));
  CHECK(seeds == std::vector<std::uint64_t>{1, 2, 3, 4, 5});
}

TEST_CASE("seeds: one that fails is told with its events and its command, and is the last") {
  std::vector<std::uint64_t> seeds;
  const auto test = [&seeds](const Setup& setup) {
    seeds.push_back(setup.seed);
    return works(setup) && setup.seed != 3;
  };
  bool passed = true;
  const std::string told = told_by([&] { passed = over_seeds(5, test); });
  CHECK(!passed);
  CHECK(seeds == std::vector<std::uint64_t>{1, 2, 3, 3});
  CHECK(told.starts_with("seed 3 fails: it returns false\nthe last events of its world:\n  "));
  CHECK(told.find("\nto run it alone: APPD_TEST_SEED=3 ") != std::string::npos);
  CHECK(told.find("testkit_test") != std::string::npos);
}

TEST_CASE("seeds: what a test throws is told") {
  const auto test = [](const Setup&) -> bool { throw std::runtime_error("no world"); };
  const std::string told = told_by([&] { CHECK(!over_seeds(5, test)); });
  CHECK(told.starts_with("seed 1 fails: it throws: no world\n"));
}

TEST_CASE("seeds: the environment may choose one") {
  std::vector<std::uint64_t> seeds;
  REQUIRE(::setenv("APPD_TEST_SEED", "17", 1) == 0);
  CHECK(over_seeds(5, [&seeds](const Setup& setup) {
    seeds.push_back(setup.seed);
    return true;
  }));
  ::unsetenv("APPD_TEST_SEED");
  CHECK(seeds == std::vector<std::uint64_t>{17});
}

}  // namespace appd::test
