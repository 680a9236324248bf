// `gateway --listen app://:7000 --first app://127.0.0.1:7001 --second app://127.0.0.1:7002`.
#include "gateway.h"

int main(int argc, char** argv) {
  Gateway gateway;
  appd::App app(argc, argv);
  gateway.add_to(app);
  return app.run();
}
