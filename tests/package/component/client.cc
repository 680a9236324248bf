// What only calls needs no more than the component client. Prints what comes of an address at
// which nobody can listen.
#include <appd/client.h>

#include <cstdio>

int main() {
  const auto client = appd::Client::connect("app://127.0.0.1:0");
  std::puts(client ? "connected" : "refused");
  return 0;
}
