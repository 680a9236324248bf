// appctl: calls a server's actions from the command line (docs/appctl.md).
#include <exception>
#include <string>
#include <vector>

#include "clients/bench_command.h"
#include "clients/call_command.h"
#include "clients/command_line.h"
#include "clients/exit_code.h"
#include "clients/resolve_command.h"

namespace {

using namespace appd::clients;

int run(const std::vector<std::string>& arguments) {
  const auto line = parse_command_line(arguments);
  if (!line) {
    std::fputs(("appctl: " + line.error().message + '\n').c_str(), stderr);
    return kExitUsage;
  }
  if (line->command == Command::kResolve) return run_resolve(line->host, line->service, {});
  if (line->command == Command::kCall) return run_call(*line, {});
  if (line->command == Command::kBench) return run_bench(*line, {});
  std::fputs(line->text.c_str(), stdout);
  return kExitDone;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run({argv + 1, argv + argc});
  } catch (const std::exception& error) {
    std::fprintf(stderr, "appctl: %s\n", error.what());
    return kExitUsage;
  }
}
