#include "appd/reactor/threads/lazy_stop_source.h"

#include <doctest/doctest.h>

#include <thread>
#include <vector>

namespace appd::reactor {
namespace {

TEST_CASE("lazy stop source: a token that was asked for before the stop hears of it") {
  LazyStopSource source;
  const StopToken token = source.token();
  bool called = false;
  const StopCallback on_stop(token, [&called] { called = true; });
  CHECK(!source.stop_requested());
  CHECK(!token.stop_requested());
  source.request_stop();
  CHECK(source.stop_requested());
  CHECK(token.stop_requested());
  CHECK(source.token().stop_requested());
  CHECK(called);
}

TEST_CASE("lazy stop source: a token that is asked for after the stop is stopped") {
  LazyStopSource source;
  source.request_stop();
  CHECK(source.stop_requested());
  bool called = false;
  const StopCallback on_stop(source.token(), [&called] { called = true; });
  CHECK(called);
}

TEST_CASE("lazy stop source: a token outlives its source") {
  StopToken token;
  {
    LazyStopSource source;
    token = source.token();
  }
  CHECK(!token.stop_requested());
}

TEST_CASE("lazy stop source: whoever asks while another thread stops hears of it") {
  for (int round = 0; round < 200; ++round) {
    LazyStopSource source;
    std::vector<StopToken> tokens(3);
    std::vector<std::thread> threads;
    for (StopToken& token : tokens) {
      threads.emplace_back([&source, &token] { token = source.token(); });
    }
    threads.emplace_back([&source] { source.request_stop(); });
    for (std::thread& thread : threads) thread.join();
    for (const StopToken& token : tokens) CHECK(token.stop_requested());
  }
}

}  // namespace
}  // namespace appd::reactor
