#include "appd/daemon/reloader.h"

#include <doctest/doctest.h>

#include <atomic>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace appd::servers {
namespace {

using namespace std::chrono_literals;

void unexpected(std::string_view reason) { FAIL(reason); }

TEST_CASE("reloader: what was read is applied, on another thread") {
  std::promise<std::thread::id> applied;
  daemon::Reloader reloader(
      [&]() -> daemon::Reloader::Apply {
        return [&] { applied.set_value(std::this_thread::get_id()); };
      },
      unexpected);
  reloader.request();
  CHECK(applied.get_future().get() != std::this_thread::get_id());
  CHECK(reloader.stop(1min));
}

TEST_CASE("reloader: requests while one runs are one more, and no two run at a time") {
  std::promise<void> begun;
  std::promise<void> let_go;
  std::promise<void> second;
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> loads = 0;
  daemon::Reloader reloader(
      [&]() -> daemon::Reloader::Apply {
        most = std::max(most.load(), ++running);
        if (++loads == 1) {
          begun.set_value();
          let_go.get_future().wait();
        }
        --running;
        return [&] {
          if (loads == 2) second.set_value();
        };
      },
      unexpected);
  reloader.request();
  begun.get_future().wait();
  for (int i = 0; i < 5; ++i) reloader.request();
  let_go.set_value();
  second.get_future().wait();
  CHECK(reloader.stop(1min));
  CHECK(loads == 2);
  CHECK(most == 1);
}

TEST_CASE("reloader: stopping does not wait for one that never ends, which then applies nothing") {
  struct Shared {
    std::promise<void> begun;
    std::promise<void> let_go;
    std::atomic<bool> applied = false;
  };
  const auto shared = std::make_shared<Shared>();
  {
    daemon::Reloader reloader(
        [shared]() -> daemon::Reloader::Apply {
          shared->begun.set_value();
          shared->let_go.get_future().wait();
          return [shared] { shared->applied = true; };
        },
        unexpected);
    reloader.request();
    shared->begun.get_future().wait();
    CHECK_FALSE(reloader.stop(0ms));
    shared->let_go.set_value();
    CHECK(reloader.stop(1min));
  }
  CHECK_FALSE(shared->applied);
}

TEST_CASE("reloader: what reading or applying throws is told, and the next one works") {
  int loads = 0;
  std::promise<void> third;
  std::vector<std::string> reasons;
  std::promise<void> told[2];
  daemon::Reloader reloader(
      [&]() -> daemon::Reloader::Apply {
        if (++loads == 1) throw std::runtime_error("cannot read");
        return [&] {
          if (loads == 2) throw std::runtime_error("cannot apply");
          third.set_value();
        };
      },
      [&](std::string_view reason) {
        reasons.emplace_back(reason);
        told[reasons.size() - 1].set_value();
      });
  for (auto& one : told) {
    reloader.request();
    one.get_future().wait();
  }
  reloader.request();
  third.get_future().wait();
  CHECK(reloader.stop(1min));
  CHECK(reasons == std::vector<std::string>{"cannot read", "cannot apply"});
}

TEST_CASE("reloader: behind its end a request does nothing") {
  int loads = 0;
  daemon::Reloader reloader(
      [&]() -> daemon::Reloader::Apply {
        ++loads;
        return [] {};
      },
      unexpected);
  CHECK(reloader.stop(1min));
  reloader.request();
  CHECK(loads == 0);
}

// Tells the thread that destroys it.
struct Witness {
  std::shared_ptr<std::promise<std::thread::id>> told;
  explicit Witness(std::shared_ptr<std::promise<std::thread::id>> to) : told(std::move(to)) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { told->set_value(std::this_thread::get_id()); }
};

std::unique_ptr<handlers::Registry> registry_with(std::shared_ptr<Witness> witness) {
  auto registry = std::make_unique<handlers::Registry>();
  handlers::Action action;
  action.name = "witness";
  action.handler = [witness = std::move(witness)](const handlers::Request&, handlers::Reply&) {
    return handlers::Result<void>();
  };
  registry->add(std::move(action));
  return registry;
}

TEST_CASE("reloader: a registry ends on its thread, whoever lets go of it last") {
  const auto told = std::make_shared<std::promise<std::thread::id>>();
  daemon::Reloader reloader([]() -> daemon::Reloader::Apply { return [] {}; }, unexpected);
  auto registry = reloader.destroyed_here(registry_with(std::make_shared<Witness>(told)));
  REQUIRE(registry->find("witness") != nullptr);
  registry.reset();
  CHECK(told->get_future().get() != std::this_thread::get_id());
}

TEST_CASE("reloader: a registry that outlives it ends where it is let go") {
  const auto told = std::make_shared<std::promise<std::thread::id>>();
  std::shared_ptr<const handlers::Registry> registry;
  {
    daemon::Reloader reloader([]() -> daemon::Reloader::Apply { return [] {}; }, unexpected);
    registry = reloader.destroyed_here(registry_with(std::make_shared<Witness>(told)));
  }
  registry.reset();
  CHECK(told->get_future().get() == std::this_thread::get_id());
}

}  // namespace
}  // namespace appd::servers
