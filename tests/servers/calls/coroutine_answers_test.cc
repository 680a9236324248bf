#include <stdexcept>

#include "appd/handlers/typed/typed.h"
#include "waiting_fixture.h"

namespace appd::servers {
namespace {

using namespace std::chrono_literals;
using handlers::CallContext;
using testing::call;
using testing::kKeep;
using testing::WaitingFixture;

// However a coroutine answers, at once, in a later turn or behind others that wait, its replies
// are byte for byte those of an action that does not wait.
TEST_CASE_FIXTURE(WaitingFixture, "waiting: the answers of a coroutine are those of any action") {
  using handlers::Task;
  const auto doubled = [](std::int64_t n) -> handlers::Result<std::int64_t> {
    if (n < 0) return protocol::fail(protocol::Status::kOutOfRange, "too little");
    if (n == 0) throw std::runtime_error("nothing to double");
    return 2 * n;
  };
  using Doubled = handlers::Result<std::int64_t>;
  registry->add(handlers::make_action("plain", doubled));
  registry->add(handlers::make_action(
      "at-once", [doubled](std::int64_t n) -> Task<Doubled> { co_return doubled(n); }));
  registry->add(handlers::make_action(
      "later", [doubled](std::int64_t n, CallContext context) -> Task<Doubled> {
        co_await context.sleep(0s);
        co_return doubled(n);
      }));
  const auto burst = [](std::string_view action) {
    std::string requests;
    for (const std::string_view value : {"21", "-1", "0", "4"}) {
      requests += call(action, value, std::string(kKeep) + R"(, "request-id": "r")");
    }
    return requests;
  };
  auto peer = connect();
  const std::string expected = exchange(peer, burst("plain"));
  CHECK(expected.find(R"({"result": 42})") != std::string::npos);
  CHECK(exchange(peer, burst("at-once")) == expected);
  CHECK(exchange(peer, burst("later")) == expected);
  CHECK(exchange_all(peer, burst("later") + burst("at-once") + burst("plain")) ==
        expected + expected + expected);
}

}  // namespace
}  // namespace appd::servers
