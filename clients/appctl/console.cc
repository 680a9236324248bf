#include "appd/clients/appctl/console.h"

#include <unistd.h>

#include "appd/clients/appctl/exit_code.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/reactor/posix/descriptor_io.h"

namespace appd::clients {
namespace {

// Results of many requests leave in writes of about this size.
constexpr std::size_t kWaitingBytes = 64 * 1024;

}  // namespace

Console::Console(Streams streams) : streams_(streams), terminal_(::isatty(streams.out) == 1) {}

void Console::result(std::string_view bytes) {
  if (terminal_) {
    waiting_ += protocol::on_lines(bytes);
  } else {
    waiting_ += bytes;
  }
  if (waiting_.size() >= kWaitingBytes) flush();
}

void Console::line(std::string_view text) { tell(protocol::on_one_line(text)); }

void Console::lines(std::string_view text) { tell(protocol::on_lines(text)); }

int Console::failure(const Error& error) {
  line("appctl: " + error.message);
  return exit_code_of(client_error_of(error));
}

// In the order in which things happened, for whoever sees both streams.
void Console::tell(std::string text) {
  flush();
  text += '\n';
  // Where standard error cannot be written there is nowhere to say so.
  static_cast<void>(reactor::write_all(streams_.err, text, "standard error"));
}

void Console::flush() {
  if (!failed()) {
    const auto written = reactor::write_all(streams_.out, waiting_, "standard output");
    if (!written) failure_ = written.error();
  }
  waiting_.clear();
}

int Console::finish(int exit_code) {
  flush();
  if (!failed()) return exit_code;
  line("appctl: " + failure_->message);
  return exit_code == kExitDone ? kExitServerError : exit_code;
}

}  // namespace appd::clients
