// Keys and values, some of which expire. Any thread: a key belongs to one of many parts, each with
// a lock of its own.
#pragma once

#include <appd/handlers.h>

#include <array>
#include <charconv>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

class Store {
 public:
  using Lifetime = std::optional<appd::Duration>;

  void set(std::string_view key, std::string value, Lifetime lifetime, appd::TimePoint now) {
    Part& part = part_of(key);
    const std::lock_guard lock(part.mutex);
    part.entries.insert_or_assign(std::string(key), Entry{std::move(value), end_of(lifetime, now)});
  }

  // Shows the value to `see`; false: there is none.
  template <class See>
  bool get(std::string_view key, appd::TimePoint now, const See& see) const {
    const Part& part = part_of(key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.entries.find(key);
    if (found == part.entries.end() || found->second.end <= now) return false;
    see(std::string_view(found->second.value));
    return true;
  }

  bool remove(std::string_view key, appd::TimePoint now) {
    Part& part = part_of(key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.entries.find(key);
    if (found == part.entries.end()) return false;
    const bool was_there = found->second.end > now;
    part.entries.erase(found);
    return was_there;
  }

  // The new value; a key that is not there counts from 0. Errors: what is there is no integer, or
  // the sum is none of 64 bits.
  appd::Result<std::int64_t> add(std::string_view key, std::int64_t by, appd::TimePoint now) {
    Part& part = part_of(key);
    const std::lock_guard lock(part.mutex);
    Entry& entry = part.entries[std::string(key)];
    if (entry.end <= now) entry = {};
    std::int64_t value = 0;
    const char* const last = entry.value.data() + entry.value.size();
    const auto parsed = std::from_chars(entry.value.data(), last, value);
    const bool number = parsed.ec == std::errc() && parsed.ptr == last;
    if (!entry.value.empty() && !number) {
      return appd::fail(appd::Status::kInvalidArgument, "the value is not an integer");
    }
    if (__builtin_add_overflow(value, by, &value)) {
      return appd::fail(appd::Status::kOutOfRange, "the sum does not fit into 64 bits");
    }
    entry.value = std::to_string(value);
    return value;
  }

  bool expire(std::string_view key, appd::Duration lifetime, appd::TimePoint now) {
    Part& part = part_of(key);
    const std::lock_guard lock(part.mutex);
    const auto found = part.entries.find(key);
    if (found == part.entries.end() || found->second.end <= now) return false;
    found->second.end = end_of(lifetime, now);
    return true;
  }

  // Forgets what has expired; how many.
  std::size_t sweep(appd::TimePoint now) {
    std::size_t gone = 0;
    for (Part& part : parts_) {
      const std::lock_guard lock(part.mutex);
      gone += std::erase_if(part.entries, [now](const auto& one) { return one.second.end <= now; });
    }
    return gone;
  }

 private:
  struct Entry {
    std::string value;
    appd::TimePoint end = appd::TimePoint::max();
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  struct alignas(64) Part {
    mutable std::mutex mutex;
    std::unordered_map<std::string, Entry, Hash, std::equal_to<>> entries;
  };

  static appd::TimePoint end_of(Lifetime lifetime, appd::TimePoint now) {
    const bool for_ever = !lifetime || *lifetime >= appd::TimePoint::max() - now;
    return for_ever ? appd::TimePoint::max() : now + *lifetime;
  }
  Part& part_of(std::string_view key) { return parts_[Hash()(key) % parts_.size()]; }
  const Part& part_of(std::string_view key) const { return parts_[Hash()(key) % parts_.size()]; }

  std::array<Part, 64> parts_;
};
