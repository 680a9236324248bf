// appctl bench: a load on a server, and what came of it (docs/appctl.md).
#pragma once

#include "appd/clients/appctl/call_command.h"
#include "appd/clients/load/load_plan.h"
#include "appd/clients/load/load_result.h"

namespace appd::clients {

// Asks once, to know the reply that must come from then on, and runs the load. "measuring" and
// "measured" lines on `err` mark the window, for a script that measures the server over it.
// Returns the exit code: 0, 1 if any request failed, or why it could not be done.
[[nodiscard]] int run_bench(const CommandLine& line, Console& console,
                            const reactor::BackendFactory& backend = reactor::system_backend);

// One JSON object, flat, and a line end: the plan's numbers, and the result's. Times are in
// microseconds (_us) or seconds (_s).
[[nodiscard]] std::string result_json(const LoadPlan& plan, const LoadResult& result);

}  // namespace appd::clients
