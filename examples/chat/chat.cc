// `chat --listen app://:7000`, then `appctl --server app://:7000 listen lobby` in one terminal and
// `appctl --server app://:7000 say lobby hello` in another.
#include "chat.h"

int main(int argc, char** argv) {
  Chat chat;
  appd::App app(argc, argv);
  chat.add_to(app);
  return app.run();
}
