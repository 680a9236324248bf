// appd with actions of C++ types, with actions that wait, and with protocols of a program's own,
// for the rows that compare them with its own: the daemon of include/appd/app.h, with all its
// flags.
#include <appd/app.h>
#include <appd/stream.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kv/resp.h"

namespace {

enum class Order { kAscending, kDescending };
APPD_NAMES(Order, {kAscending, "ascending"}, {kDescending, "descending"});

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

Task<> lines_back(appd::Stream peer) {
  while (auto line = co_await peer.read_until("\n", 1024)) {
    line->push_back('\n');
    co_await peer.write(*line);
  }
}

}  // namespace

int main(int argc, char** argv) {
  appd::App app(argc, argv);
  app.on("successor", [](std::int64_t n) { return n + 1; });
  app.on("same", [](std::string text) { return text; });
  app.on("same-set", [](Set set) { return set; });
  app.on("same-map", [](std::map<std::string, std::string> map) { return map; });
  app.on("same-vector", [](std::vector<std::int64_t> numbers) { return numbers; });
  app.on("same-several", [](std::string key, const std::string&, std::int64_t) { return key; },
         {.parameters = {"key", "value", "ttl_ms"}});
  app.on("same-choice", [](Order order) { return order; });
  Store store;
  app.protocol<RespSession>("resp", std::ref(store));
  app.protocol("lines", lines_back);
  app.on("same-turn", same_turn);
  app.on("next-turn", next_turn);
  return app.run();
}
