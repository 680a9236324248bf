// appd with actions of C++ types and with actions that wait, for the rows that compare them with
// its own: the daemon of include/appd/app.h, with all its flags.
#include <appd/app.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace {

struct Set {
  std::string key, value;
  std::optional<std::int64_t> ttl_ms;
};
APPD_FIELDS(Set, key, value, ttl_ms);

using appd::handlers::CallContext;
using appd::handlers::Task;

Task<std::string> same_turn(std::string text, CallContext /*call*/) { co_return text; }

Task<std::string> next_turn(std::string text, CallContext call) {
  co_await call.sleep(std::chrono::nanoseconds(0));
  co_return text;
}

}  // namespace

int main(int argc, char** argv) {
  appd::App app(argc, argv);
  app.on("successor", [](std::int64_t n) { return n + 1; });
  app.on("same", [](std::string text) { return text; });
  app.on("same-set", [](Set set) { return set; });
  app.on("same-turn", same_turn);
  app.on("next-turn", next_turn);
  return app.run();
}
