// What appctl reads and writes: its three streams, and the one place that checks that what was
// printed has arrived. Blocks; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "appd/clients/client_error.h"
#include "appd/reactor/posix/owned_fd.h"
#include "appd/reactor/result.h"

namespace appd::clients {

// Results go to `out`, everything else to `err`. Borrowed; any of them may be non-blocking.
struct Streams {
  reactor::Descriptor in = 0;
  reactor::Descriptor out = 1;
  reactor::Descriptor err = 2;
};

class Console {
 public:
  explicit Console(Streams streams = {});
  Console(const Console&) = delete;
  Console& operator=(const Console&) = delete;

  [[nodiscard]] reactor::Descriptor in() const { return streams_.in; }

  // A part of the result, for standard output. The bytes as they are, unless it is a terminal,
  // which must not obey what a server sent: hidden characters are escaped then, but for line ends
  // and tabs. Kept back until flush(), a line for standard error, or some amount.
  void result(std::string_view bytes);

  // A line for standard error, whatever it is: on one line, hidden characters escaped.
  void line(std::string_view text);
  // The same, where the text's own line ends and tabs stay.
  void lines(std::string_view text);

  // A line that says what failed. Returns the exit code of that.
  [[nodiscard]] int failure(const Error& error);

  // Writes the results so far.
  void flush();
  // Results could not be written: nobody needs further ones.
  [[nodiscard]] bool failed() const { return failure_.has_value(); }

  // The end of the program: flushes. Returns `exit_code`, and where results were lost, which a line
  // then says, kExitServerError instead of 0.
  [[nodiscard]] int finish(int exit_code);

 private:
  void tell(std::string text);

  const Streams streams_;
  const bool terminal_;
  std::string waiting_;  // results
  std::optional<reactor::Error> failure_;
};

}  // namespace appd::clients
