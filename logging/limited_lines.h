// Log lines that a fault could repeat without end: one a second of each kind, and none is lost
// without a word. A kind's last line that was held back follows when its second is over, so that
// the lines and their fields "suppressed" add up to what happened.
//
// One a loop; the loop's thread only. Costs nothing while no such line is written.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "appd/logging/log.h"
#include "appd/reactor/event_loop.h"

namespace appd::logging {

class LimitedLines {
 public:
  // Kinds of which lines were written in the last second at most; what goes beyond them is one kind
  // together.
  static constexpr std::size_t kMaxKinds = 256;

  // Both outlive the lines.
  LimitedLines(Log& log, reactor::EventLoop& loop);
  // flush()
  ~LimitedLines();
  LimitedLines(const LimitedLines&) = delete;
  LimitedLines& operator=(const LimitedLines&) = delete;

  // Writes the line, or holds it back. A kind is the message together with `about`, a name that
  // peers do not choose: an action's, an error's. Another field says how many lines of the kind
  // were held back and not written in between, "suppressed". The keys of fields are literals.
  void write(Level level, std::string_view message, std::string_view about,
             std::initializer_list<Field> fields);

  // Writes what is held back: when a server ends.
  void flush();

 private:
  struct HeldLine {
    std::vector<std::string> texts;  // that `fields` borrow
    std::vector<Field> fields;       // with room for one more
  };
  struct Kind {
    Level level = Level::kError;
    std::string message;
    LogLimit limit;
    std::optional<HeldLine> held;
  };

  void write_or_hold(Level level, std::string_view message, std::string_view about,
                     std::span<const Field> fields);
  [[nodiscard]] Kind& kind_of(std::string_view message, std::string_view about);
  void hold(Kind& kind, std::span<const Field> fields);
  // `suppressed`: what was held back, the line itself included.
  void write_held(Kind& kind, std::uint64_t suppressed) noexcept;
  // `fields` has room for one more.
  void write_line(const Kind& kind, std::vector<Field>& fields, std::uint64_t suppressed) noexcept;
  void on_timer();

  Log& log_;
  reactor::EventLoop& loop_;
  std::map<std::string, Kind, std::less<>> kinds_;
  reactor::Timer timer_;  // runs while there are kinds
};

}  // namespace appd::logging
