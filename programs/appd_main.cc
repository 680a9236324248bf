// appd: the daemon with the built-in actions, and the model for a daemon of your own.
#include <appd/app.h>

int main(int argc, char** argv) {
  appd::App app(argc, argv);
  app.add(appd::add_builtin_actions);
  return app.run();
}
