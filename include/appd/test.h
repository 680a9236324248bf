// Tests of one's own handlers in a simulated world (docs/handlers.md 12):
//
//   appd::App app;
//   add_my_actions(app);
//   appd::test::SimulatedApp world(app);
//   world.split();
//   assert(world.call("upper", R"("hello")") == R"("HELLO")");
//
// CMake: find_package(appd), target_link_libraries(... appd::test).
#pragma once

#include "appd/app.h"
#include "appd/handlers/actions/describe.h"
#include "appd/testkit/seeds.h"
#include "appd/testkit/simulated_app.h"
