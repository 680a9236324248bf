#include "appd/logging/limited_lines.h"

#include <chrono>
#include <new>
#include <utility>

namespace appd::logging {

namespace {

// How often kinds are looked at whose second may be over.
constexpr std::chrono::seconds kBetweenLooks{1};

}  // namespace

LimitedLines::LimitedLines(Log& log, reactor::EventLoop& loop)
    : log_(log),
      loop_(loop),
      timer_(reactor::Timer::calling<&LimitedLines::on_timer>(loop.timers(), *this)) {}

LimitedLines::~LimitedLines() { flush(); }

void LimitedLines::write(Level level, std::string_view message, std::string_view about,
                         std::initializer_list<Field> fields) {
  if (!log_.enabled(level)) return;
  try {
    write_or_hold(level, message, about, {fields.begin(), fields.size()});
  } catch (const std::bad_alloc&) {  // a line must not end what it tells of
    log_.write(level, message, fields);
  }
}

void LimitedLines::write_or_hold(Level level, std::string_view message, std::string_view about,
                                 std::span<const Field> fields) {
  Kind& kind = kind_of(message, about);
  kind.level = level;
  kind.message = message;
  if (!timer_.armed()) timer_.arm(loop_.now() + kBetweenLooks);
  if (const auto suppressed = kind.limit.admit(loop_.now())) {
    kind.held.reset();
    std::vector<Field> all;
    all.reserve(fields.size() + 1);
    all.assign(fields.begin(), fields.end());
    write_line(kind, all, *suppressed);
  } else {
    hold(kind, fields);
  }
}

void LimitedLines::hold(Kind& kind, std::span<const Field> fields) {
  HeldLine held;
  held.texts.reserve(fields.size());  // so that what a field borrows from never moves
  held.fields.reserve(fields.size() + 1);
  for (const Field& field : fields) {
    const auto text = field.text();
    held.fields.push_back(text ? Field(field.key(), held.texts.emplace_back(*text)) : field);
  }
  kind.held = std::move(held);
}

LimitedLines::Kind& LimitedLines::kind_of(std::string_view message, std::string_view about) {
  std::string key(message);
  key.append(1, '\n').append(about);
  if (const auto found = kinds_.find(key); found != kinds_.end()) return found->second;
  if (kinds_.size() >= kMaxKinds) key.clear();
  return kinds_[std::move(key)];
}

void LimitedLines::write_held(Kind& kind, std::uint64_t suppressed) noexcept {
  write_line(kind, kind.held->fields, suppressed - 1);
  kind.held.reset();
}

void LimitedLines::write_line(const Kind& kind, std::vector<Field>& fields,
                              std::uint64_t suppressed) noexcept {
  fields.emplace_back("suppressed", suppressed);
  log_.write(kind.level, kind.message, std::span<const Field>(fields));
}

void LimitedLines::on_timer() {
  for (auto at = kinds_.begin(); at != kinds_.end();) {
    Kind& kind = at->second;
    const bool held = kind.held.has_value();
    const bool over = kind.limit.over(loop_.now());
    if (held && over) write_held(kind, kind.limit.admit(loop_.now()).value_or(1));
    at = !held && over ? kinds_.erase(at) : std::next(at);
  }
  if (!kinds_.empty()) timer_.arm(loop_.now() + kBetweenLooks);
}

void LimitedLines::flush() {
  for (auto& [key, kind] : kinds_) {
    if (kind.held) write_held(kind, kind.limit.suppressed());
  }
  kinds_.clear();
  timer_.cancel();
}

}  // namespace appd::logging
