// A daemon of your own, whole (docs/handlers.md):
//
//   #include <appd/app.h>
//
//   int main(int argc, char** argv) {
//     appd::App app(argc, argv);
//     app.on("upper", [](std::string text) { return to_upper(std::move(text)); });
//     return app.run();
//   }
//
// CMake: find_package(appd), target_link_libraries(... appd::app).
#pragma once

#include "appd/handlers.h"
#include "appd/handlers/layers.h"
#include "appd/outgoing/client_calls.h"
#include "appd/servers/app.h"

namespace appd {

using handlers::access_log;
using handlers::all_together;
using handlers::by_action;
using handlers::by_peer;
using handlers::concurrency_limit;
using handlers::load_shedding;
using handlers::rate_limit;
using servers::add_builtin_actions;
using servers::choice_option;
using servers::count_option;
using servers::duration_option;
using servers::Options;
using servers::OptionTable;
using servers::path_option;
using servers::Program;
using servers::size_option;
using servers::switch_option;
using servers::text_option;

// The daemon of servers/app.h, whose handlers can call other servers.
class App : public servers::App {
 public:
  App() : App(0, nullptr) {}
  App(int argc, const char* const* argv) : servers::App(argc, argv) { call_others(); }
  App(int argc, const char* const* argv, Program program)
      : servers::App(argc, argv, std::move(program)) {
    call_others();
  }

 private:
  void call_others() { use_outgoing_calls(outgoing::client_calls()); }
};

}  // namespace appd
