// `lines --listen lines://:7001`, then `nc localhost 7001` and `double 21`.
#include "lines.h"

int main(int argc, char** argv) {
  appd::App app(argc, argv);
  app.on("double", [](std::int64_t n) { return 2 * n; });
  app.on("greet", [](std::string name) { return "hello, " + name; });
  add_lines(app);
  return app.run();
}
