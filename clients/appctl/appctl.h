// The program appctl (docs/appctl.md): its whole main.
#pragma once

namespace appd::clients {

// Does what the command line says, over the process's own streams. Returns the exit code.
[[nodiscard]] int run_appctl(int argc, const char* const* argv);

}  // namespace appd::clients
