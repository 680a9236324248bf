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

#include "appd/daemon/app.h"
#include "appd/handlers.h"
#include "appd/handlers/layers/layers.h"
#include "appd/outgoing/client_calls_factory.h"

namespace appd {

using daemon::add_builtin_actions;
using daemon::AppLog;
using daemon::AppLoop;
using daemon::Options;
using daemon::Program;
using handlers::access_log;
using handlers::all_together;
using handlers::by_action;
using handlers::by_peer;
using handlers::concurrency_limit;
using handlers::load_shedding;
using handlers::rate_limit;
using options::choice_option;
using options::count_option;
using options::duration_option;
using options::OptionTable;
using options::path_option;
using options::size_option;
using options::switch_option;
using options::text_option;
using Counter = servers::ProgramCounter;
using Gauge = servers::ProgramGauge;
using Histogram = servers::ProgramHistogram;

// The daemon of daemon/app.h, whose handlers can call other servers.
class App : public daemon::App {
 public:
  App() : App(0, nullptr) {}
  App(int argc, const char* const* argv) : daemon::App(argc, argv) { call_others(); }
  App(int argc, const char* const* argv, Program program)
      : daemon::App(argc, argv, std::move(program)) {
    call_others();
  }

 private:
  void call_others() { use_outgoing_calls(outgoing::client_calls()); }
};

}  // namespace appd
