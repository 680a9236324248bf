#include "appd/clients/appctl/appctl.h"

#include <csignal>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "appd/clients/appctl/bench_command.h"
#include "appd/clients/appctl/call_command.h"
#include "appd/clients/appctl/command_line.h"
#include "appd/clients/appctl/console.h"
#include "appd/clients/appctl/exit_code.h"
#include "appd/clients/appctl/resolve_command.h"
#include "appd/reactor/posix/descriptor_io.h"
#include "appd/reactor/posix/held_signals.h"

namespace appd::clients {
namespace {

int run(const std::vector<std::string>& arguments, Console& console) {
  const auto line = parse_command_line(arguments);
  if (!line) return console.failure(line.error());
  switch (line->command) {
    case Command::kCall:
      return run_call(*line, console);
    case Command::kBench:
      return run_bench(*line, console);
    case Command::kResolve:
      return run_resolve(line->host, line->service, console);
    case Command::kShowText:
      break;
  }
  console.result(line->text);
  return kExitDone;
}

int run_and_catch(const std::vector<std::string>& arguments, Console& console) {
  try {
    return run(arguments, console);
  } catch (const std::bad_alloc&) {
    console.line("appctl: out of memory");
    return kExitServerError;
  } catch (const std::exception& error) {
    console.line(std::string("appctl: ") + error.what());
    return kExitUsage;
  }
}

}  // namespace

int run_appctl(int argc, const char* const* argv) {
  reactor::open_missing_standard_streams();
  reactor::HeldSignals signals;
  signals.disarm({SIGPIPE, SIGXFSZ});  // what cannot be written is an error to be told
  Console console;
  return console.finish(run_and_catch({argv + 1, argv + argc}, console));
}

}  // namespace appd::clients
