// `kv --listen app://:7000 --listen resp://:6379`, then `appctl --server app://:7000 set colour
// red` and `redis-cli get colour`.
#include "kv.h"

#include "resp.h"

int main(int argc, char** argv) {
  KeyValue kv;
  appd::App app(argc, argv);
  kv.add_to(app);
  app.protocol<RespSession>("resp", std::ref(kv.store));
  return app.run();
}
