#include "appd/clients/appctl/call_command.h"

#include <doctest/doctest.h>

#include "appd/clients/appctl/exit_code.h"
#include "tests/clients/appctl/command_streams.h"
#include "tests/clients/fake_server.h"
#include "tests/clients/golden_cases.h"
#include "tests/support/calm_world.h"

namespace appd::clients {
namespace {

using testing::FakePeer;
using testing::FakeServerThread;
using testing::message;
using Arguments = std::vector<std::string>;

class Outcome : public testing::CommandStreams {
 public:
  using CommandStreams::CommandStreams;
  Outcome& run(const Arguments& arguments,
               const reactor::BackendFactory& backend = reactor::system_backend) {
    const auto line = parse_command_line(arguments);
    REQUIRE_MESSAGE(line, line.error().message);
    Console console(streams());
    exit_code = console.finish(run_call(*line, console, backend));
    return *this;
  }
  int exit_code = -1;
};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  for (std::size_t at = text.find(what); at != std::string::npos;
       at = text.find(what, at + with.size())) {
    text.replace(at, what.size(), with);
  }
  return text;
}

void echo_and_close(FakePeer& peer) {
  const std::string one = peer.take_message();
  if (one.empty()) return;
  peer.send(message(R"({"result": )" + one.substr(one.find("\"value\": ") + 9)));
  peer.close();
}

TEST_CASE("appctl: requests and traces are the tutorial client's, byte for byte") {
  for (const auto& golden : testing::golden_client_cases()) {
    CAPTURE(golden.name);
    std::string request;
    FakeServerThread server([&](FakePeer& peer) {
      if (peer.received.size() < golden.request.size()) return;
      request = peer.received;
      peer.send(golden.response);
      peer.close();
    });
    Arguments arguments{"--server", server.app_address(), "--trace"};
    const bool packed = golden.client_output.find("result:  ") != std::string::npos;
    const std::string& action = golden.arguments[0];
    if (action != "search" && action != "binary" && !packed) arguments.push_back("--binary");
    arguments.insert(arguments.end(), golden.arguments.begin(), golden.arguments.end());
    Outcome outcome;
    outcome.run(arguments);
    server.stop();
    const auto port = std::to_string(server.address(protocol::Protocol::kApp).port);
    CHECK(request == golden.request);
    CHECK(outcome.err() == replaced(golden.client_output, "ADDR", "('127.0.0.1', " + port + ")"));
    CHECK(outcome.exit_code == kExitDone);
  }
}

TEST_CASE("appctl: the result alone goes to standard output") {
  FakeServerThread server(echo_and_close);
  Outcome outcome;
  outcome.run({"--server", server.app_address(), "echo", "[1,2]"});
  CHECK(outcome.exit_code == kExitDone);
  CHECK(outcome.out() == "[1,2]\n");
  CHECK(outcome.err().empty());
}

TEST_CASE("appctl: a description is printed as a page, as JSON where that is asked for") {
  const std::string json = R"({"name": "a", "summary": "b", "argument": {}, "result": {}})";
  const auto printed = [&json](const Arguments& options, const std::string& action) {
    FakeServerThread server(echo_and_close);
    Arguments arguments{"--server", server.app_address()};
    arguments.insert(arguments.end(), options.begin(), options.end());
    arguments.insert(arguments.end(), {action, json});
    return Outcome().run(arguments).out();
  };
  CHECK(printed({}, "describe") == "a - b\n  gives     any JSON value\n");
  CHECK(printed({}, "other") == json + "\n");
  CHECK(printed({"--output", "raw"}, "describe") == R"({"result": )" + json + "}");
  CHECK(printed({"--output", "json"}, "describe").find(R"("result": )" + json) !=
        std::string::npos);
}

TEST_CASE("appctl: what describe answers elsewhere is printed as it came") {
  FakeServerThread server(echo_and_close);
  Outcome outcome;
  outcome.run({"--server", server.app_address(), "describe", "[1, 2]"});
  CHECK(outcome.out() == "[1, 2]\n");
}

TEST_CASE("appctl: a server's error is exit 1 and goes to standard error") {
  FakeServerThread server(echo_and_close);
  Outcome outcome;
  outcome.run({"--server", server.app_address(), "echo", "Error: no way"});
  CHECK(outcome.exit_code == kExitServerError);
  CHECK(outcome.out().empty());
  CHECK(outcome.err() == "Error: no way\n");
}

// What a server that has no such action, or does not like the value, makes appctl say.
std::string hint_of(const Arguments& arguments, const std::string& reply) {
  FakeServerThread server([&reply](FakePeer& peer) {
    if (peer.take_message().empty()) return;
    peer.send(reply);
    peer.close();
  });
  Arguments all{"--server", server.app_address()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  Outcome outcome;
  outcome.run(all);
  const std::string err = outcome.err();
  const std::size_t at = err.find("appctl: ");
  return at == std::string::npos ? "" : err.substr(at);
}

TEST_CASE(
    "appctl: where the tutorial's form meets a server that means something else, it says so") {
  const std::string unknown = message(R"({"result": "Error: invalid action \"binary\"."})");
  const std::string strange = message(R"({"result": "Error: shout takes an object"})");
  const std::string with_status =
      message(R"({"result": "Error: no"})", R"("connection": "close", "status": "out_of_range")");
  const std::string bytes = message("First 10 bytes", "", "binary/x", "binary");
  for (const Arguments& way : {Arguments{"double", "5"}, {"negate", "5"}, {"binary", "5"}}) {
    for (const std::string& reply : {unknown, strange, with_status}) {
      CHECK(hint_of(way, reply).find("--json") != std::string::npos);
    }
  }
  CHECK(hint_of({"double", "5"}, bytes).find("--json") != std::string::npos);
  CHECK(hint_of({"search", "5"}, strange).find("--json") != std::string::npos);
  const std::string by_flag = hint_of({"--binary", "shout", "x"}, unknown);
  CHECK(by_flag.find("\"shout\"") != std::string::npos);
  CHECK(by_flag.find("--file") != std::string::npos);
}

TEST_CASE("appctl: no other way is named where it would not help") {
  const std::string unknown = message(R"({"result": "Error: invalid action \"search\"."})");
  const std::string overloaded =
      message(R"({"result": "Error: no"})", R"("connection": "close", "status": "overloaded")");
  CHECK(hint_of({"search", "5"}, unknown).empty());
  CHECK(hint_of({"double", "5"}, overloaded).empty());
  CHECK(hint_of({"--json", "double", "5"}, unknown).empty());
  CHECK(hint_of({"echo", "5"}, unknown).empty());
  CHECK(hint_of({"double", "5"}, message(R"({"result": 10})")).empty());
}

TEST_CASE("appctl: what a server says in an error is one line without hidden characters") {
  FakeServerThread server(echo_and_close);
  Outcome outcome;
  outcome.run({"--server", server.app_address(), "--json", "echo",
               R"("Error: a\nb\u001b[2J\u009b31m\u2028\u202e\udb40\udc01")"});
  CHECK(outcome.err() == R"(Error: a\u000ab\u001b[2J\u009b31m\u2028\u202e\udb40\udc01)"
                         "\n");
}

TEST_CASE("appctl: a result that is no terminal's keeps its bytes") {
  FakeServerThread server(echo_and_close);
  Outcome outcome;
  outcome.run({"--server", server.app_address(), "--json", "echo", R"("a\n\u001b\u009b\u202e")"});
  CHECK(outcome.out() == "a\n\x1b\u009b\u202e\n");
}

TEST_CASE("appctl: with --binary a file's bytes are the content and the header names the action") {
  std::string request;
  FakeServerThread server([&request](FakePeer& peer) {
    request = peer.take_message();
    if (request.empty()) return;
    peer.send(message(R"({"result": 1})"));
    peer.close();
  });
  const std::string bytes("\xef\xbb\xbf\0\xff\n", 6);
  Outcome outcome(bytes);
  outcome.run({"--server", server.app_address(), "--binary", "store", "-"});
  server.stop();
  CHECK(outcome.exit_code == kExitDone);
  CHECK(request ==
        message(bytes, R"("action": "store")", "binary/custom-client-binary-type", "binary"));
}

TEST_CASE("appctl: a value that is larger than it may be is exit 2") {
  Outcome outcome("four");
  CHECK(outcome.run({"--max-value", "3", "echo", "-"}).exit_code == kExitUsage);
  CHECK(outcome.err() == "appctl: standard input has more than 3 bytes; --max-value allows more\n");
}

TEST_CASE("appctl: standard input is a value, without its last line end") {
  FakeServerThread server(echo_and_close);
  Outcome outcome("two\nlines\n");
  outcome.run({"--server", server.app_address(), "echo", "-"});
  CHECK(outcome.out() == "two\nlines\n");
}

TEST_CASE("appctl: a value that cannot be sent is exit 2") {
  CHECK(Outcome().run({"double", "5x"}).exit_code == kExitUsage);
  Outcome missing;
  missing.run({"echo", "--file", "/nonexistent/value"});
  CHECK(missing.exit_code == kExitUsage);
  CHECK(missing.err().find("/nonexistent/value") != std::string::npos);
}

TEST_CASE("appctl: nobody listening is exit 3") {
  testing::CalmWorld world;
  const auto backend = [&]() -> reactor::Result<reactor::Backend> { return world.backend(); };
  CHECK(Outcome().run({"search", "x"}, backend).exit_code == kExitCannotConnect);
}

TEST_CASE("appctl: a name that nobody knows is exit 3") {
  Outcome outcome;
  outcome.run({"--server", "app://name.invalid:1", "search", "x"});
  CHECK(outcome.exit_code == kExitCannotConnect);
}

TEST_CASE("appctl: a server that never answers is exit 4") {
  testing::CalmWorld world;
  const auto backend = [&]() -> reactor::Result<reactor::Backend> { return world.backend(); };
  const auto endpoint = reactor::Endpoint::ip("127.0.0.1", 65432).value();
  const auto socket = world.network().listen(endpoint, {}).value();
  Outcome outcome;
  outcome.run({"--timeout", "0.5", "search", "x"}, backend);
  CHECK(outcome.exit_code == kExitTimeout);
  CHECK(outcome.err().find("0.5 s") != std::string::npos);
}

TEST_CASE("appctl: a peer that closes early is exit 5") {
  FakeServerThread server([](FakePeer& peer) { peer.close(); });
  Outcome outcome;
  outcome.run({"--server", server.app_address(), "search", "x"});
  CHECK(outcome.exit_code == kExitProtocolBroken);
}

TEST_CASE("appctl: repeats reconnect to a server that closes after each reply") {
  FakeServerThread server(echo_and_close);
  Outcome outcome;
  outcome.run({"--server", server.app_address(), "--connections", "2", "--repeat", "3",
               "--pipeline", "2", "echo", "1"});
  server.stop();
  CHECK(outcome.exit_code == kExitDone);
  CHECK(outcome.out() == "1\n1\n1\n1\n1\n1\n");
  CHECK(outcome.err().starts_with("replies: 6, errors: 0, connections: 2, "));
  CHECK(server.accepted() == 6);
}

TEST_CASE("appctl: repeats use a connection that the server keeps") {
  FakeServerThread server([](FakePeer& peer) {
    while (!peer.take_message().empty()) {
      peer.send(message(R"({"result": 1})", R"("connection": "keep-alive", "status": "ok")"));
    }
  });
  Outcome outcome;
  outcome.run({"--server", server.app_address(), "--connections", "3", "--repeat", "50",
               "--pipeline", "8", "echo", "1"});
  server.stop();
  CHECK(outcome.exit_code == kExitDone);
  CHECK(outcome.out().size() == 3 * 50 * 2);
  CHECK(server.accepted() == 3);
}

TEST_CASE("appctl: an echo server gets the words and what comes back is printed") {
  for (const char* protocol : {"raw-echo", "framed-echo", "message-echo"}) {
    CAPTURE(protocol);
    FakeServerThread server([](FakePeer& peer) {
      peer.send(peer.received);
      peer.received.clear();
    });
    const std::string address =
        replaced(server.app_address(), "app://", std::string(protocol) + "://");
    Outcome text;
    text.run({"--server", address, "hello", "world"});
    CHECK(text.exit_code == kExitDone);
    CHECK(text.out() == "hello world\n");
    Outcome raw;
    raw.run({"--server", address, "--output", "raw", "--repeat", "2", "a"});
    CHECK(raw.out() == "aa");
  }
}

TEST_CASE("appctl: an echo that differs is exit 5") {
  FakeServerThread server([](FakePeer& peer) { peer.send("nonsense"); });
  const std::string address = replaced(server.app_address(), "app://", "framed-echo://");
  Outcome outcome;
  outcome.run({"--server", address, "hello"});
  CHECK(outcome.exit_code == kExitProtocolBroken);
}

}  // namespace
}  // namespace appd::clients
