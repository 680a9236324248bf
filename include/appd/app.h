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
#include "handlers/layers.h"
#include "servers/app.h"

namespace appd {

using handlers::access_log;
using handlers::all_together;
using handlers::by_action;
using handlers::concurrency_limit;
using handlers::load_shedding;
using handlers::rate_limit;
using servers::add_builtin_actions;
using servers::App;
using servers::Options;
using servers::OptionTable;
using servers::Program;

}  // namespace appd
