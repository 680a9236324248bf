// What the parts of a request cost, without a kernel: decode, dispatch, encode, timers, and the
// histogram of the load engine. scripts/bench --micro prints them.
#include <benchmark/benchmark.h>

#include <chrono>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "appd/clients/load/histogram.h"
#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/dispatch.h"
#include "appd/protocol/message_decoder.h"
#include "appd/protocol/message_encoder.h"
#include "appd/reactor/timer_queue.h"
#include "tests/bench/peers/app_messages.h"

namespace {

using namespace appd;
using benchmark::DoNotOptimize;
using benchmark::State;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

void set_rate(State& state, std::size_t message_bytes) {
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message_bytes));
}

// The header is that of the message before: a memory comparison.
void decode_same_header(State& state) {
  const std::string request = bench::search_request();
  protocol::DecodeContext context;
  const protocol::DecodeLimits limits;
  protocol::MessageDecoder decoder(context, limits);
  for (auto _ : state) DoNotOptimize(decoder.next(bytes_of(request)));
  set_rate(state, request.size());
}
BENCHMARK(decode_same_header);

// Two headers in turn that differ in a field: each is parsed.
void decode_other_header(State& state) {
  const std::string requests[] = {bench::search_request(), bench::double_request()};
  protocol::DecodeContext context;
  const protocol::DecodeLimits limits;
  protocol::MessageDecoder decoder(context, limits);
  std::size_t which = 0;
  for (auto _ : state) DoNotOptimize(decoder.next(bytes_of(requests[which ^= 1])));
  set_rate(state, (requests[0].size() + requests[1].size()) / 2);
}
BENCHMARK(decode_other_header);

void dispatch(State& state, const std::string& request) {
  handlers::Registry registry;
  handlers::add_builtin_actions(registry, {});
  protocol::DecodeContext context;
  const protocol::DecodeLimits limits;
  protocol::MessageDecoder decoder(context, limits);
  handlers::Dispatcher dispatcher(registry, context.reader);
  const auto event = *decoder.next(bytes_of(request));
  for (auto _ : state) DoNotOptimize(&dispatcher.dispatch(*event.header, event.content));
  set_rate(state, event.content.size());
}
BENCHMARK_CAPTURE(dispatch, search, bench::search_request());
BENCHMARK_CAPTURE(dispatch, double, bench::double_request());
BENCHMARK_CAPTURE(dispatch, echo_64k, bench::echo_request(64 * 1024));

void encode_reply(State& state) {
  const protocol::ContentFields content{.content_length = 43};
  const protocol::ReplyExtension extension{.keep_alive = true, .request_id = {}};
  std::string out;
  for (auto _ : state) {
    out.clear();
    protocol::encode_reply_header(content, &extension, out);
    DoNotOptimize(out.data());
  }
  set_rate(state, out.size());
}
BENCHMARK(encode_reply);

// Owner of a timer that does nothing but count.
struct Guarded {
  explicit Guarded(reactor::TimerQueue& queue)
      : timer(reactor::Timer::calling<&Guarded::on_timer>(queue, *this)) {}
  void on_timer() { ++fired; }
  std::uint64_t fired = 0;
  reactor::Timer timer;
};

struct Timers {
  explicit Timers(std::size_t count) {
    std::mt19937 random(1);
    for (std::size_t i = 0; i < count; ++i) {
      owners.push_back(std::make_unique<Guarded>(queue));
      owners.back()->timer.arm(begin + std::chrono::milliseconds(random() % 60'000));
    }
  }
  reactor::TimerQueue queue;
  reactor::TimePoint begin{std::chrono::hours(1)};
  std::vector<std::unique_ptr<Guarded>> owners;
};

// What each request does to its session's timer, among so many others.
void timer_move_later(State& state) {
  Timers timers(static_cast<std::size_t>(state.range(0)));
  auto deadline = timers.begin + std::chrono::minutes(2);
  for (auto _ : state) {
    deadline += std::chrono::nanoseconds(1);
    timers.owners.front()->timer.arm(deadline);
  }
}
BENCHMARK(timer_move_later)->Arg(1)->Arg(10'000);

void timer_arm_and_cancel(State& state) {
  Timers timers(static_cast<std::size_t>(state.range(0)));
  Guarded one(timers.queue);
  for (auto _ : state) {
    one.timer.arm(timers.begin + std::chrono::seconds(30));
    one.timer.cancel();
  }
}
BENCHMARK(timer_arm_and_cancel)->Arg(1)->Arg(10'000);

// One timer that comes due each time, and is armed again, among so many that do not.
void timer_fire_and_arm(State& state) {
  Timers timers(static_cast<std::size_t>(state.range(0)));
  for (auto& owner : timers.owners) owner->timer.arm(reactor::TimePoint::max());
  Guarded one(timers.queue);
  auto now = timers.begin;
  for (auto _ : state) {
    one.timer.arm(now);
    DoNotOptimize(timers.queue.fire_due(now));
    now += std::chrono::nanoseconds(1);
  }
}
BENCHMARK(timer_fire_and_arm)->Arg(1)->Arg(10'000);

void histogram_record(State& state) {
  clients::Histogram histogram;
  std::mt19937_64 random(1);
  std::vector<clients::Histogram::Value> values(1024);
  for (auto& value : values) value = clients::Histogram::Value(random() % 10'000'000);
  std::size_t i = 0;
  for (auto _ : state) histogram.record(values[i++ & 1023]);
  DoNotOptimize(histogram.count());
}
BENCHMARK(histogram_record);

}  // namespace

BENCHMARK_MAIN();
