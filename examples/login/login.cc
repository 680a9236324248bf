// `login --listen app://:7000`: `whoami` wants a `login` on the same connection before it.
#include "login.h"

int main(int argc, char** argv) {
  appd::App app(argc, argv);
  add_login(app, {{"ann", {.password = "secret", .admin = true}}, {"bob", {.password = "hush"}}});
  return app.run();
}
