// The log: one line an event, text or JSON, to standard error or a file.
//
// Never blocks a loop and never stops the server: lines go through a bounded queue to a thread of
// the log's own. When the queue is full the oldest lines are dropped; a full disk, a closed or
// stuck standard error drop lines too. What was dropped is counted, and told by a line of its own
// before the next one that can be written, once a second at most.
//
// Any thread may write. The thread starts in the constructor: construct after Daemonizer::detach().
#pragma once

#include <atomic>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "appd/reactor/clock.h"
#include "appd/reactor/result.h"

namespace appd::logging {

enum class Level : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kOff };
enum class LogFormat : std::uint8_t { kText, kJson };

// "trace", "debug", "info", "warn", "error", "off".
[[nodiscard]] std::string_view level_name(Level level);

struct LogOptions {
  Level level = Level::kInfo;
  LogFormat format = LogFormat::kText;
  std::string file;  // appended to; empty: standard error
};

// Lines that wait for the log's thread at most; about 2 MiB of usual lines.
inline constexpr std::size_t kLogQueueLines = 4096;
// Of a message's or a value's bytes so many are written; the rest is cut off ("...").
inline constexpr std::size_t kMaxLogTextBytes = 4096;

// "key" = value. Borrowed for the call. Text need not be valid UTF-8: bad bytes show as U+FFFD.
class Field {
 public:
  Field(std::string_view key, std::string_view text) : key_(key), text_(text) {}
  Field(std::string_view key, const char* text) : key_(key), text_(text) {}
  Field(std::string_view key, const std::string& text) : key_(key), text_(text) {}
  template <std::integral Integer>
  Field(std::string_view key, Integer number)
      : key_(key),
        kind_(std::signed_integral<Integer> ? Kind::kSigned : Kind::kUnsigned),
        number_(static_cast<std::uint64_t>(number)) {}

  [[nodiscard]] std::string_view key() const { return key_; }
  // nullopt: the value is a number.
  [[nodiscard]] std::optional<std::string_view> text() const;
  void append_number(std::string& out) const;

 private:
  enum class Kind : std::uint8_t { kText, kSigned, kUnsigned };
  std::string_view key_;
  Kind kind_ = Kind::kText;
  std::string_view text_;
  std::uint64_t number_ = 0;
};

class Log {
 public:
  // Throws StartError: the file cannot be opened for appending; no thread.
  explicit Log(const LogOptions& options);
  // Writes what is queued (a stuck standard error is given up after a second) and ends the thread.
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // Cheap: ask before collecting anything for a line.
  [[nodiscard]] bool enabled(Level level) const {
    return level >= level_.load(std::memory_order_relaxed);
  }

  // One line: time (UTC, RFC 3339, microseconds), level, message, fields. As text:
  //   2026-01-31T12:00:00.000000Z info accepted connection=7 peer=127.0.0.1:40000
  // as JSON: {"ts": "...", "level": "info", "msg": "accepted", "connection": 7, "peer": "..."}
  // Line breaks, control characters and all else that is not seen (protocol/text/printable_text.h)
  // are escaped. Does nothing unless enabled(level).
  void write(Level level, std::string_view message, std::initializer_list<Field> fields = {}) {
    write(level, message, std::span<const Field>(fields.begin(), fields.size()));
  }
  void write(Level level, std::string_view message, std::span<const Field> fields);

  void set_level(Level level) { level_.store(level, std::memory_order_relaxed); }

  // Opens the file anew under its name, as after a rotation; standard error stays as it is. Lines
  // queued before may go to either. Errors: the file cannot be opened; the old one stays in use.
  [[nodiscard]] reactor::Result<void> reopen();

  // Lines lost so far: dropped from the queue, or not written in full.
  [[nodiscard]] std::uint64_t dropped() const;

 private:
  struct Impl;  // spdlog stays behind log.cc
  std::atomic<Level> level_;
  LogFormat format_;
  std::unique_ptr<Impl> impl_;
};

// At most one line a second of one kind: a part of LimitedLines (limited_lines.h), which also tells
// what was held back. Takes the loop's time, reads no clock. Not thread-safe.
class LogLimit {
 public:
  // nullopt: keep silent. Else a line may be written; the value is how many were held back since
  // the last one, for a field "suppressed".
  [[nodiscard]] std::optional<std::uint64_t> admit(reactor::TimePoint now);
  // The next line may be written.
  [[nodiscard]] bool over(reactor::TimePoint now) const;
  // Held back since the last one.
  [[nodiscard]] std::uint64_t suppressed() const { return suppressed_; }

 private:
  std::optional<reactor::TimePoint> last_;
  std::uint64_t suppressed_ = 0;
};

}  // namespace appd::logging
