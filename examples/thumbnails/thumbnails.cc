// `thumbnails --listen app://:7000`, then
// `appctl --server app://:7000 --binary --request-id '"a"' thumbnail - <in.ppm >out.ppm`.
#include "thumbnails.h"

int main(int argc, char** argv) {
  Thumbnails thumbnails;
  appd::App app(argc, argv);
  thumbnails.add_to(app);
  return app.run();
}
