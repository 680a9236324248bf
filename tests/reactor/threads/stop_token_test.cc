// Stop tokens, those that the program uses here and our own, by the same cases.
#include "appd/reactor/threads/stop_token.h"

#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "appd/reactor/threads/own_stop_token.h"

namespace appd::reactor {
namespace {

struct Chosen {
  using Token = StopToken;
  using Source = StopSource;
  template <class Function>
  using Callback = StopCallback<Function>;
};
struct Own {
  using Token = OwnStopToken;
  using Source = OwnStopSource;
  template <class Function>
  using Callback = OwnStopCallback<Function>;
};

TEST_CASE_TEMPLATE("stop token: asked on any copy, and only once", Type, Chosen, Own) {
  typename Type::Source source;
  const typename Type::Token token = source.get_token();
  typename Type::Source other = source;
  CHECK_FALSE(token.stop_requested());
  CHECK(other.request_stop());
  CHECK(token.stop_requested());
  CHECK(source.stop_requested());
  CHECK_FALSE(source.request_stop());
  CHECK_FALSE(typename Type::Token().stop_requested());
}

TEST_CASE_TEMPLATE("stop token: callbacks are called once, at once when late, not when gone", Type,
                   Chosen, Own) {
  typename Type::Source source;
  int early = 0;
  int gone = 0;
  int late = 0;
  auto count = [](int& number) { return [&number] { ++number; }; };
  using Callback = typename Type::template Callback<decltype(count(early))>;
  const Callback first(source.get_token(), count(early));
  const auto middle = std::make_unique<Callback>(source.get_token(), count(early));
  { const Callback short_lived(source.get_token(), count(gone)); }
  const Callback last(source.get_token(), count(early));
  source.request_stop();
  const Callback after(source.get_token(), count(late));
  source.request_stop();
  const Callback never(typename Type::Token(), count(gone));
  CHECK(early == 3);
  CHECK(late == 1);
  CHECK(gone == 0);
}

TEST_CASE_TEMPLATE("stop token: a callback may destroy itself, its source and others", Type, Chosen,
                   Own) {
  struct Holder {
    std::optional<typename Type::Source> source{std::in_place};
    int calls = 0;
    struct Call {
      Holder* holder;
      void operator()() const {
        ++holder->calls;
        holder->source.reset();
        Holder& kept = *holder;
        kept.first.reset();
        kept.second.reset();
      }
    };
    std::optional<typename Type::template Callback<Call>> first;
    std::optional<typename Type::template Callback<Call>> second;
  } holder;
  const typename Type::Token token = holder.source->get_token();
  holder.first.emplace(token, typename Holder::Call{&holder});
  holder.second.emplace(token, typename Holder::Call{&holder});
  holder.source->request_stop();
  CHECK(holder.calls == 1);
  CHECK(token.stop_requested());
}

TEST_CASE_TEMPLATE("stop token: who destroys a callback waits for its call in another thread", Type,
                   Chosen, Own) {
  for (int round = 0; round < 200; ++round) {
    typename Type::Source source;
    std::atomic<bool> alive = true;
    std::atomic<bool> called_dead = false;
    std::vector<std::thread> threads;
    threads.emplace_back([&] { source.request_stop(); });
    {
      auto look = [&] {
        if (!alive) called_dead = true;
        std::this_thread::yield();
        if (!alive) called_dead = true;
      };
      const typename Type::template Callback<decltype(look)> callback(source.get_token(), look);
      std::this_thread::yield();
    }
    alive = false;
    threads.front().join();
    CHECK_FALSE(called_dead);
  }
}

}  // namespace
}  // namespace appd::reactor
