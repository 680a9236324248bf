#include "appd/logging/log_line.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <utility>

#include "appd/protocol/text/printable_text.h"
#include "appd/protocol/text/utf8.h"

namespace appd::logging {
namespace {

void append_time(std::string& out, std::chrono::system_clock::time_point time) {
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
  const auto seconds = static_cast<std::time_t>(micros / 1'000'000);
  std::tm utc{};
  ::gmtime_r(&seconds, &utc);
  std::array<char, 96> text;
  const int length = std::snprintf(text.data(), text.size(), "%04d-%02d-%02dT%02d:%02d:%02d.%06ldZ",
                                   utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday, utc.tm_hour,
                                   utc.tm_min, utc.tm_sec, static_cast<long>(micros % 1'000'000));
  out.append(text.data(), static_cast<std::size_t>(length));
}

// Cut to kMaxLogTextBytes at a character and made valid; `scratch` may hold the result.
std::string_view presentable(std::string_view bytes, std::string& scratch) {
  const bool cut = bytes.size() > kMaxLogTextBytes;
  const std::string_view valid = protocol::valid_utf8(bytes.substr(0, kMaxLogTextBytes), scratch);
  if (!cut) return valid;
  scratch = std::string(protocol::utf8_prefix(valid, kMaxLogTextBytes)) + "...";
  return scratch;
}

void append_json(std::string& out, std::string_view bytes) {
  std::string scratch;
  protocol::append_visible_json(out, presentable(bytes, scratch));
}

// Without quotes where the text needs none: a name, a number, an address.
bool is_plain_value(std::string_view text) {
  if (text.empty() || text.find_first_of(" \"=") != text.npos) return false;
  while (!text.empty()) {
    if (!protocol::is_printable(protocol::take_utf8(text))) return false;
  }
  return true;
}

// A message is for reading: spaces and quotes stay, hidden characters are escaped.
void append_text_message(std::string& out, std::string_view bytes) {
  std::string scratch;
  const std::string_view text = presentable(bytes, scratch);
  if (protocol::has_hidden(text)) {
    protocol::append_visible_json(out, text);
  } else {
    out += text;
  }
}

void append_text_value(std::string& out, std::string_view bytes) {
  std::string scratch;
  const std::string_view text = presentable(bytes, scratch);
  if (is_plain_value(text)) {
    out += text;
  } else {
    protocol::append_visible_json(out, text);
  }
}

void append_text_line(std::string& out, std::string_view message, std::span<const Field> fields) {
  append_text_message(out, message);
  for (const Field& field : fields) {
    out += ' ';
    append_text_value(out, field.key());
    out += '=';
    if (const auto text = field.text()) {
      append_text_value(out, *text);
    } else {
      field.append_number(out);
    }
  }
}

void append_json_members(std::string& out, std::string_view message,
                         std::span<const Field> fields) {
  out += "\"msg\": ";
  append_json(out, message);
  for (const Field& field : fields) {
    out += ", ";
    append_json(out, field.key());
    out += ": ";
    if (const auto text = field.text()) {
      append_json(out, *text);
    } else {
      field.append_number(out);
    }
  }
}

}  // namespace

std::string_view level_name(Level level) {
  constexpr std::array<std::string_view, 6> kNames = {"trace", "debug", "info",
                                                      "warn",  "error", "off"};
  return kNames[static_cast<std::size_t>(level)];
}

std::optional<std::string_view> Field::text() const {
  if (kind_ != Kind::kText) return std::nullopt;
  return text_;
}

void Field::append_number(std::string& out) const {
  std::array<char, 24> digits;
  char* const end = digits.data() + digits.size();
  const auto written = kind_ == Kind::kSigned
                           ? std::to_chars(digits.data(), end, static_cast<std::int64_t>(number_))
                           : std::to_chars(digits.data(), end, number_);
  out.append(digits.data(), written.ptr);
}

void append_log_line(std::string& out, LogFormat format, std::chrono::system_clock::time_point time,
                     Level level, std::string_view message, std::span<const Field> fields) {
  if (format == LogFormat::kText) {
    append_time(out, time);
    out += ' ';
    out += level_name(level);
    out += ' ';
    append_text_line(out, message, fields);
    out += '\n';
    return;
  }
  out += "{\"ts\": \"";
  append_time(out, time);
  out += "\", \"level\": \"";
  out += level_name(level);
  out += "\", ";
  append_json_members(out, message, fields);
  out += "}\n";
}

bool LogLimit::over(reactor::TimePoint now) const {
  return !last_ || now - *last_ >= std::chrono::seconds(1);
}

std::optional<std::uint64_t> LogLimit::admit(reactor::TimePoint now) {
  if (!over(now)) {
    ++suppressed_;
    return std::nullopt;
  }
  last_ = now;
  return std::exchange(suppressed_, 0);
}

}  // namespace appd::logging
