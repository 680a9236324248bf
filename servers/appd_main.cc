// appd: the daemon with the built-in actions, and the model for a daemon of your own.
#include "servers/app.h"

int main(int argc, char** argv) {
  appd::servers::App app(argc, argv);
  app.use(appd::servers::add_builtin_actions);
  return app.run();
}
