// appctl: calls a server's actions from the command line (docs/appctl.md).
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

namespace {

using namespace appd::clients;

int run(const std::vector<std::string>& arguments, Console& console) {
  const auto line = parse_command_line(arguments);
  if (!line) {
    console.line("appctl: " + line.error().message);
    return kExitUsage;
  }
  if (line->command == Command::kResolve) return run_resolve(line->host, line->service, console);
  if (line->command == Command::kCall) return run_call(*line, console);
  if (line->command == Command::kBench) return run_bench(*line, console);
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

int main(int argc, char** argv) {
  appd::reactor::open_missing_standard_streams();
  std::signal(SIGPIPE, SIG_IGN);  // an output that nobody reads is an error to be told
  Console console;
  return console.finish(run_and_catch({argv + 1, argv + argc}, console));
}
