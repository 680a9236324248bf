// The same store in the protocol of Redis
// (https://redis.io/docs/latest/develop/reference/protocol-spec), as far as redis-cli and
// redis-benchmark need it: a session class.
#pragma once

#include <appd/session.h>

#include <algorithm>
#include <cctype>

#include "store.h"

class RespSession final : public appd::Session {
 public:
  RespSession(appd::SessionStart&& start, Store& store)
      : Session(std::move(start)), store_(store) {}

 private:
  static constexpr std::size_t kMostArguments = 16;
  static constexpr std::size_t kMostLine = 64 * 1024;
  static constexpr std::size_t kMostArgument = 1024 * 1024;
  struct Command {
    std::array<std::string_view, kMostArguments> words;
    std::size_t count = 0;
    std::size_t bytes = 0;        // of the input, once complete; 0: more is needed
    const char* error = nullptr;  // it is none
  };

  appd::Consumed on_bytes(std::span<const std::byte> bytes) override {
    const std::string_view input(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    std::string out;
    std::size_t taken = 0;
    while (taken < input.size() && !connection().above_high_watermark()) {
      const Command command = parse(input.substr(taken));
      if (command.error != nullptr) {
        out.append("-ERR Protocol error: ").append(command.error).append("\r\n");
        send(out);
        connection().close();
        break;
      }
      if (command.bytes == 0) break;
      taken += command.bytes;
      if (command.count > 0) answer(command, out);
    }
    send(out);
    return took(bytes, taken);
  }

  void send(std::string& out) {
    if (!out.empty() && connection().open()) connection().send(std::as_bytes(std::span(out)));
    out.clear();
  }

  // The line at `at`, without its end, and `at` behind it; nullopt: it is not complete.
  static std::optional<std::string_view> line(std::string_view input, std::size_t& at) {
    const std::size_t end = input.find('\n', at);
    if (end == std::string_view::npos) return std::nullopt;
    std::string_view found = input.substr(at, end - at);
    at = end + 1;
    if (found.ends_with('\r')) found.remove_suffix(1);
    return found;
  }
  static std::optional<std::size_t> number(std::string_view digits, std::size_t most) {
    std::size_t value = 0;
    const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size()) return {};
    return value <= most ? std::optional(value) : std::nullopt;
  }

  static Command refused(const char* error) {
    Command command;
    command.error = error;
    return command;
  }
  static Command parse(std::string_view input) {
    Command command;
    std::size_t at = 0;
    const auto first = line(input, at);
    if (!first) return input.size() > kMostLine ? refused("too big inline request") : command;
    if (!first->starts_with('*')) return inline_command(*first, at);
    const auto count = number(first->substr(1), kMostArguments);
    if (!count) return refused("invalid multibulk length");
    for (; command.count < *count; ++command.count) {
      const auto head = line(input, at);
      if (!head) return command;
      if (!head->starts_with('$')) return refused("expected '$'");
      const auto length = number(head->substr(1), kMostArgument);
      if (!length) return refused("invalid bulk length");
      if (input.size() < at + *length + 2) return command;
      command.words[command.count] = input.substr(at, *length);
      at += *length + 2;
    }
    command.bytes = at;
    return command;
  }
  static Command inline_command(std::string_view text, std::size_t bytes) {
    Command command;
    command.bytes = bytes;
    for (std::size_t at = text.find_first_not_of(' '); at != std::string_view::npos;) {
      if (command.count == kMostArguments) return refused("too many words");
      const std::size_t end = std::min(text.find(' ', at), text.size());
      command.words[command.count++] = text.substr(at, end - at);
      at = text.find_first_not_of(' ', end);
    }
    return command;
  }

  void answer(const Command& command, std::string& out) {
    std::array<char, 16> name{};
    const std::string_view word = command.words[0].substr(0, name.size());
    std::ranges::transform(word, name.begin(), [](unsigned char c) { return std::toupper(c); });
    const std::string_view verb(name.data(), word.size());
    const auto& words = command.words;
    const appd::TimePoint now = context().loop.now();
    const auto is = [&](std::string_view expected, std::size_t count) {
      return verb == expected && command.count == count;
    };
    if (is("GET", 2)) {
      const bool there =
          store_.get(words[1], now, [&](std::string_view value) { bulk(out, value); });
      if (!there) out += "$-1\r\n";
    } else if (is("SET", 3)) {
      store_.set(words[1], std::string(words[2]), std::nullopt, now);
      out += "+OK\r\n";
    } else if (is("DEL", 2)) {
      integer(out, store_.remove(words[1], now) ? 1 : 0);
    } else if (is("INCR", 2)) {
      const auto sum = store_.add(words[1], 1, now);
      sum ? integer(out, *sum) : error(out, sum.error().message);
    } else if (is("EXPIRE", 3)) {
      const auto seconds = number(words[2], 4'000'000'000);
      if (!seconds) return error(out, "value is not an integer or out of range");
      integer(out, store_.expire(words[1], std::chrono::seconds(*seconds), now) ? 1 : 0);
    } else if (is("PING", 1)) {
      out += "+PONG\r\n";
    } else if (is("PING", 2) || is("ECHO", 2)) {
      bulk(out, words[1]);
    } else if (verb == "COMMAND" || verb == "CONFIG") {
      out += "*0\r\n";
    } else {
      error(out, "unknown command, or a wrong number of arguments");
    }
  }

  static void integer(std::string& out, std::int64_t value) {
    out.append(":").append(std::to_string(value)).append("\r\n");
  }
  static void bulk(std::string& out, std::string_view value) {
    out.append("$")
        .append(std::to_string(value.size()))
        .append("\r\n")
        .append(value)
        .append("\r\n");
  }
  static void error(std::string& out, std::string_view text) {
    out.append("-ERR ").append(text).append("\r\n");
  }

  Store& store_;
};
