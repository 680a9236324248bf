#include "kv/kv.h"

#include <appd/test.h>
#include <doctest/doctest.h>

#include "kv/resp.h"

using namespace std::chrono_literals;
using appd::test::SimulatedApp;

namespace {

struct KeyValueWorld {
  KeyValueWorld() {
    kv.add_to(app);
    app.protocol<RespSession>("resp", std::ref(kv.store));
    world.emplace(app);
  }
  std::string call(std::string_view action, std::string_view value) {
    return world->call(action, value);
  }
  // What a Redis client is answered.
  std::string resp(std::string_view command) {
    auto peer = world->connect("resp");
    peer.send(command);
    peer.end();
    return peer.receive_all();
  }

  KeyValue kv;
  appd::App app;
  std::optional<SimulatedApp> world;
};

}  // namespace

TEST_CASE("kv: values are kept, counted and removed") {
  KeyValueWorld kv;
  CHECK(kv.call("get", R"("colour")") == "null");
  CHECK(kv.call("set", R"(["colour", "red"])") == "null");
  CHECK(kv.call("get", R"("colour")") == R"("red")");
  CHECK(kv.call("set", R"({"value": "blue", "key": "colour"})") == "null");
  CHECK(kv.call("get", R"("colour")") == R"("blue")");
  CHECK(kv.call("del", R"("colour")") == "true");
  CHECK(kv.call("del", R"("colour")") == "false");
  CHECK(kv.call("incr", R"(["n"])") == "1");
  CHECK(kv.call("incr", R"(["n", 41])") == "42");
  CHECK(kv.call("set", R"(["n", "many"])") == "null");
  CHECK(kv.call("incr", R"(["n"])") == "invalid_argument: the value is not an integer");
  CHECK(kv.call("set", R"(["n", "9223372036854775807"])") == "null");
  CHECK(kv.call("incr", R"(["n"])").starts_with("out_of_range"));
  CHECK(kv.call("set", R"(["n", "1", 0])").starts_with("invalid_argument: ttl_ms"));
}

TEST_CASE("kv: keys expire in the world's time, and are forgotten then") {
  KeyValueWorld kv;
  CHECK(kv.call("set", R"(["short", "x", 60000])") == "null");
  CHECK(kv.call("set", R"(["long", "x", 9223372036854775807])") == "null");
  kv.world->jump(59s);
  CHECK(kv.call("get", R"("short")") == R"("x")");
  kv.world->jump(2s);
  CHECK(kv.call("get", R"("short")") == "null");
  CHECK(kv.call("get", R"("long")") == R"("x")");
  kv.world->jump(2s);
  const std::string figures = kv.app.metrics().text();
  CAPTURE(figures);
  CHECK(figures.find("\nkv_swept_total 1\n") != std::string::npos);
}

TEST_CASE("resp: commands as redis-cli sends them") {
  KeyValueWorld kv;
  CHECK(kv.resp("*1\r\n$4\r\nPING\r\n") == "+PONG\r\n");
  CHECK(kv.resp("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$5\r\nhello\r\n*2\r\n$3\r\nget\r\n$1\r\na\r\n") ==
        "+OK\r\n$5\r\nhello\r\n");
  CHECK(kv.call("get", R"("a")") == R"("hello")");
  CHECK(kv.resp("*2\r\n$3\r\nGET\r\n$4\r\nnone\r\n") == "$-1\r\n");
  CHECK(kv.resp("*2\r\n$4\r\nECHO\r\n$0\r\n\r\n") == "$0\r\n\r\n");
  CHECK(kv.resp("*1\r\n$7\r\nCOMMAND\r\n") == "*0\r\n");
  CHECK(kv.resp("*1\r\n$4\r\nFLIP\r\n").starts_with("-ERR unknown command"));
}

TEST_CASE("resp: inline commands, pipelined, in whatever pieces") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    KeyValueWorld kv;
    kv.world.emplace(kv.app, appd::test::Setup{.seed = seed});
    kv.world->split();
    CHECK(kv.resp("PING\r\nset n 4\nINCR n\nEXPIRE n 10\r\nTTL n\r\n\r\nDEL n\r\nget n\r\n") ==
          "+PONG\r\n+OK\r\n:5\r\n:1\r\n-ERR unknown command, or a wrong number of arguments\r\n"
          ":1\r\n$-1\r\n");
  }
}

TEST_CASE("resp: a key expires") {
  KeyValueWorld kv;
  CHECK(kv.resp("SET a x\r\nEXPIRE a 10\r\nEXPIRE b 10\r\n") == "+OK\r\n:1\r\n:0\r\n");
  kv.world->jump(9s);
  CHECK(kv.resp("GET a\r\n") == "$1\r\nx\r\n");
  kv.world->jump(2s);
  CHECK(kv.resp("GET a\r\n") == "$-1\r\n");
}

TEST_CASE("resp: what is none is refused, and the connection ends") {
  KeyValueWorld kv;
  CHECK(kv.resp("*x\r\n") == "-ERR Protocol error: invalid multibulk length\r\n");
  CHECK(kv.resp("*99\r\n") == "-ERR Protocol error: invalid multibulk length\r\n");
  CHECK(kv.resp("*1\r\n#4\r\n") == "-ERR Protocol error: expected '$'\r\n");
  CHECK(kv.resp("PING\r\n*1\r\n$-1\r\n") ==
        "+PONG\r\n-ERR Protocol error: invalid bulk length\r\n");
  CHECK(kv.resp(std::string(70'000, 'x')) == "-ERR Protocol error: too big inline request\r\n");
}
