// A key-value store as actions: `appctl set KEY VALUE 60000`, `appctl get KEY`.
#pragma once

#include <appd/app.h>

#include <atomic>
#include <chrono>

#include "store.h"

class KeyValue {
 public:
  void add_to(appd::App& app) {
    using Milliseconds = std::optional<std::int64_t>;
    app.on("set",
           [this](std::string_view key, std::string value, Milliseconds ttl_ms,
                  appd::TimePoint now) -> appd::Result<void> {
             if (ttl_ms && *ttl_ms < 1) return bad("ttl_ms is at least 1");
             store.set(key, std::move(value), lifetime(ttl_ms), now);
             return {};
           },
           {.summary = "keeps a value, for ever or so long",
            .parameters = {"key", "value", "ttl_ms"}});
    app.on("get",
           [this](std::string_view key, appd::TimePoint now, appd::Reply& reply) {
             const bool there =
                 store.get(key, now, [&](std::string_view value) { reply.set_string(value); });
             if (!there) reply.set_json("null");
           },
           {.summary = "the value, or null"});
    app.on("del",
           [this](std::string_view key, appd::TimePoint now) { return store.remove(key, now); },
           {.summary = "whether there was one"});
    app.on("incr",
           [this](std::string_view key, std::optional<std::int64_t> by, appd::TimePoint now) {
             return store.add(key, by.value_or(1), now);
           },
           {.summary = "adds to an integer", .parameters = {"key", "by"}});
    app.option("sweep", "How often expired keys are forgotten", sweep_,
               {std::chrono::milliseconds(1)});
    auto& swept = app.counter("kv_swept", "Keys that had expired");
    app.every(std::chrono::milliseconds(100), [this, &swept](appd::TimePoint now) {
      if (now < next_sweep_) return;
      next_sweep_ = now + sweep_.load();
      swept.add(store.sweep(now));
    });
  }

  Store store;

 private:
  static tl::unexpected<appd::Error> bad(const char* text) {
    return appd::fail(appd::Status::kInvalidArgument, text);
  }
  static Store::Lifetime lifetime(std::optional<std::int64_t> ms) {
    if (!ms) return std::nullopt;
    return std::chrono::milliseconds(std::min(*ms, std::int64_t{1} << 42));  // 139 years
  }

  std::atomic<std::chrono::milliseconds> sweep_{std::chrono::seconds(1)};
  appd::TimePoint next_sweep_{};
};
