#include "clients/call_command.h"

#include <doctest/doctest.h>

#include <memory>

#include "clients/exit_code.h"
#include "tests/clients/fake_server.h"
#include "tests/clients/golden_cases.h"
#include "tests/support/calm_world.h"

namespace appd::clients {
namespace {

using testing::FakePeer;
using testing::FakeServerThread;
using testing::message;
using Arguments = std::vector<std::string>;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// The three streams as files, and what was written to them.
class Outcome {
 public:
  explicit Outcome(const std::string& input = "") : in_(open()), out_(open()), err_(open()) {
    std::fwrite(input.data(), 1, input.size(), in_.get());
    std::rewind(in_.get());
  }
  Outcome& run(const Arguments& arguments,
               const reactor::BackendFactory& backend = reactor::system_backend) {
    const auto line = parse_command_line(arguments);
    REQUIRE_MESSAGE(line, line.error().message);
    exit_code = run_call(*line, {in_.get(), out_.get(), err_.get()}, backend);
    return *this;
  }
  [[nodiscard]] std::string out() const { return text(out_.get()); }
  [[nodiscard]] std::string err() const { return text(err_.get()); }
  int exit_code = -1;

 private:
  using File = std::unique_ptr<std::FILE, CloseFile>;
  static File open() {
    File file(std::tmpfile());
    REQUIRE(file);
    return file;
  }
  static std::string text(std::FILE* file) {
    std::string all;
    char piece[4096];
    std::rewind(file);
    while (const std::size_t count = std::fread(piece, 1, sizeof piece, file)) {
      all.append(piece, count);
    }
    return all;
  }
  File in_, out_, err_;
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
