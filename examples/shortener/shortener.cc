// `shortener --listen app://:7000 --database /tmp/links.db`, then
// `appctl --server app://:7000 shorten https://example.org/`.
#include "shortener.h"

int main(int argc, char** argv) {
  Shortener shortener;
  appd::App app(argc, argv);
  shortener.add_to(app);
  return app.run();
}
