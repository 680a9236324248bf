// What only calls needs no more than the component client. Prints what comes of an address at
// which nobody can listen.
#include <appd/client_pool.h>

#include <cstdio>

int main() {
  const auto client = appd::Client::connect("app://127.0.0.1:0");
  appd::ClientPool pool("app://127.0.0.1:0", {.retries = 0});
  const auto answer = pool.call<std::int64_t>("double", 21);
  std::puts(client || answer ? "connected" : "refused");
  return 0;
}
