// A handler that waits without holding up anybody else: a coroutine that sleeps, and a function
// that blocks and so runs in the worker pool.
#include <appd/app.h>

#include <chrono>
#include <numeric>

namespace {

appd::Task<std::string> greet_later(std::string name, appd::CallContext call) {
  co_await call.sleep(std::chrono::milliseconds(20));
  co_return "hello, " + name;
}

std::int64_t sum(const std::vector<std::int64_t>& numbers) {
  return std::accumulate(numbers.begin(), numbers.end(), std::int64_t{0});
}

}  // namespace

int main(int argc, char** argv) {
  appd::App app(argc, argv);
  app.on("greet-later", greet_later, {.summary = "a greeting that takes its time"});
  app.on("sum", sum, {.summary = "the sum of integers", .blocks = true});
  app.use(appd::concurrency_limit(100));
  return app.run();
}
