#include <doctest/doctest.h>

#include <stdexcept>

#include "appd/handlers/waiting/call_context.h"
#include "appd/handlers/waiting/responder.h"
#include "call_fixture.h"

using namespace std::literals;

namespace appd::handlers::test {

namespace {

constexpr std::string_view kInternal = "the server failed to answer this request";

// Registers `name` and calls it once.
Answer answer_of(Caller& caller, Handler handler) {
  caller.registry.add({"custom", "", std::move(handler), false});
  return caller.call("custom", "1");
}

std::string utf16(std::u16string_view text) {
  return {reinterpret_cast<const char*>(text.data()), text.size() * 2};
}

}  // namespace

TEST_CASE("dispatch: text/json is called by the content's action") {
  CHECK(Caller().json(R"({"value": 4, "action": "double"})") == json_result("8"));
}

TEST_CASE("dispatch: other members of the content are ignored, repeated ones too") {
  CHECK(Caller().json(R"({"x": 1, "action": "double", "Value": 9, "value": 4, "x": 2})") ==
        json_result("8"));
}

TEST_CASE("dispatch: the header's action takes the whole JSON content as its value") {
  Caller caller;
  caller.header.action = "echo";
  CHECK(caller.json(R"( {"action": "double", "value": 4} )") ==
        json_result(R"({"action": "double", "value": 4})"));
  CHECK(caller.json("null") == json_result("null"));
}

TEST_CASE("dispatch: the header's action takes the whole binary content as its payload") {
  CHECK(Caller().binary_to("binary", "double\x00\x00\x00\x05"sv) ==
        binary_result("First 10 bytes of request: double\x00\x00\x00\x05"sv));
}

TEST_CASE("dispatch: the header's action with text/json needs valid JSON") {
  Caller caller;
  caller.header.action = "echo";
  CHECK(caller.json("") ==
        error(Status::kInvalidContent, "invalid content: a value is missing at byte 0"));
  CHECK(caller.json("nul").status == Status::kInvalidContent);
  CHECK(caller.json("1 2").status == Status::kInvalidContent);
}

TEST_CASE("dispatch: the header's action goes before the content's") {
  Caller caller;
  caller.header.action = "search";
  CHECK(caller.json(R"({"action": "double", "value": 4})") ==
        error(Status::kInvalidArgument, "search takes a string, not an object"));
}

TEST_CASE("dispatch: with the header's action the content-encoding still counts") {
  Caller caller;
  caller.header.action = "search";
  CHECK(caller.json("\"caf\xe9\"", "latin-1") == json_result(R"("No match for \"café\".")"));
  CHECK(caller.json("\"x\"", "ebcdic").status == Status::kUnsupportedEncoding);
}

TEST_CASE("dispatch: a packed call is the name and exactly 4 bytes") {
  Caller caller;
  CHECK(caller.binary("double\x00\x00\x00\x05"sv) == binary_result("result\x00\x00\x00\x0a"sv));
  CHECK(caller.binary("double\x00\x00\x05"sv) ==
        binary_result("First 10 bytes of request: double\x00\x00\x05"sv));
  CHECK(caller.binary("double\x00\x00\x00\x05\x00"sv) ==
        binary_result("First 10 bytes of request: double\x00\x00\x00\x05"sv));
  CHECK(caller.binary("double") == binary_result("First 10 bytes of request: double"));
}

TEST_CASE("dispatch: 4 characters behind the name are a packed call too") {
  CHECK(Caller().binary("double0005") == binary_result("result```j"));
}

TEST_CASE("dispatch: 10 bytes that begin with an action without packed calls go to binary") {
  Caller caller;
  CHECK(caller.binary("search1234") == binary_result("First 10 bytes of request: search1234"));
  CHECK(caller.binary("binary\U0001f603") ==
        binary_result("First 10 bytes of request: binary\U0001f603"));
  CHECK(caller.binary("helloworld") == binary_result("First 10 bytes of request: helloworld"));
}

TEST_CASE("dispatch: text/json is JSON only when spelled so") {
  Caller caller;
  for (const std::string_view type :
       {"text/plain", "Text/JSON", "application/json", "text/json; charset=utf-8", "text/json "}) {
    CAPTURE(type);
    caller.header.content_type = type;
    caller.header.content_encoding = "utf-8";
    CHECK(caller.send(R"({"action": "se"})") ==
          binary_result(R"(First 10 bytes of request: {"action":)"));
  }
}

TEST_CASE("dispatch: binary content may have any encoding") {
  Caller caller;
  caller.header.content_type = "text/plain";
  for (const std::string_view encoding : {"", "ebcdic", "gzip", "utf-16"}) {
    CAPTURE(encoding);
    caller.header.content_encoding = encoding;
    CHECK(caller.send("ab") == binary_result("First 10 bytes of request: ab"));
  }
}

TEST_CASE("dispatch: without the action binary its content has no action") {
  Registry empty;
  protocol::JsonReader reader;
  Dispatcher dispatcher(empty, reader);
  const Reply& reply = dispatcher.dispatch({}, {});
  CHECK(reply.status() == Status::kInvalidAction);
  CHECK(reply.content() == R"({"result": "Error: invalid action \"binary\"."})");
}

TEST_CASE("dispatch: an unknown action is named as it was sent") {
  Caller caller;
  CHECK(caller.call("frobnicate", R"("x")") ==
        error(Status::kInvalidAction, R"(invalid action \"frobnicate\".)"));
  CHECK(caller.call("", "1") == error(Status::kInvalidAction, R"(invalid action \"\".)"));
  CHECK(caller.call("Search", "1") ==
        error(Status::kInvalidAction, R"(invalid action \"Search\".)"));
  CHECK(caller.call(R"(caf\u00e9 \"x\"\n)", "1") ==
        error(Status::kInvalidAction, R"(invalid action \"café \"x\"\n\".)"));
}

TEST_CASE("dispatch: an unknown action of the header is named too") {
  Caller caller;
  CHECK(caller.binary_to("frobnicate", "x") ==
        error(Status::kInvalidAction, R"(invalid action \"frobnicate\".)"));
  CHECK(caller.json("1") == error(Status::kInvalidAction, R"(invalid action \"frobnicate\".)"));
}

TEST_CASE("dispatch: the content's action must be there") {
  Caller caller;
  const Answer missing =
      error(Status::kInvalidContent,
            R"(the content has no \"action\"; it must be an object with a string \"action\")");
  CHECK(caller.json(R"({"value": "x"})") == missing);
  CHECK(caller.json(R"({"Action": "search", "value": "x"})") == missing);
}

TEST_CASE("dispatch: the content's action must be a string") {
  Caller caller;
  CHECK(caller.json(R"({"action": null})") ==
        error(Status::kInvalidContent, R"(\"action\" must be a string, not null)"));
  CHECK(caller.json(R"({"action": 5, "value": "x"})") ==
        error(Status::kInvalidContent, R"(\"action\" must be a string, not an integer)"));
  CHECK(caller.json(R"({"action": ["search"]})") ==
        error(Status::kInvalidContent, R"(\"action\" must be a string, not an array)"));
}

TEST_CASE("dispatch: action and value may be there once") {
  Caller caller;
  CHECK(caller.json(R"({"action": "double", "action": "negate", "value": 1})") ==
        error(Status::kInvalidContent, R"(\"action\" must be in the content once, not twice)"));
  CHECK(caller.json(R"({"action": "double", "value": 1, "value": 1})") ==
        error(Status::kInvalidContent, R"(\"value\" must be in the content once, not twice)"));
}

TEST_CASE("dispatch: what Python calls false is refused, never waited for") {
  Caller caller;
  CHECK(caller.json("{}") ==
        error(Status::kInvalidContent,
              R"(the content has no \"action\"; it must be an object with a string \"action\")"));
  const auto refused = [](std::string_view kind) {
    return error(Status::kInvalidContent,
                 "invalid content: a JSON object is needed, not " + std::string(kind));
  };
  CHECK(caller.json("[]") == refused("an array"));
  CHECK(caller.json("\"\"") == refused("a string"));
  CHECK(caller.json("0") == refused("an integer"));
  CHECK(caller.json("0.0") == refused("a number"));
  CHECK(caller.json("null") == refused("null"));
  CHECK(caller.json("false") == refused("a boolean"));
  CHECK(caller.json("") ==
        error(Status::kInvalidContent, "invalid content: a value is missing at byte 0"));
}

TEST_CASE("dispatch: content that is not JSON is refused") {
  Caller caller;
  for (const std::string_view content :
       {"{", "{\"action\"}", "{\"action\": \"search\",}", "{'action': 'search'}",
        "{\"action\": \"search\"} x", "\xef\xbb\xbf{\"action\": \"echo\", \"value\": 1}",
        "{\"action\": \"echo\", \"value\": NaN}", "{\"action\": \"echo\", \"value\": 01}"}) {
    CAPTURE(content);
    CHECK(caller.json(content).status == Status::kInvalidContent);
  }
}

TEST_CASE("dispatch: content that is not valid in its encoding is refused") {
  Caller caller;
  CHECK(caller.json("{\"action\": \"search\", \"value\": \"caf\xe9\"}") ==
        error(Status::kInvalidContent, "invalid content: invalid UTF-8 at byte 34"));
  CHECK(caller.json("{\"action\": \"search\", \"value\": \"caf\xc3\xa9\"}", "ascii").status ==
        Status::kInvalidContent);
  CHECK(caller.json("{\"a", "utf-16").status == Status::kInvalidContent);
}

TEST_CASE("dispatch: a failure to decode leaves the next call unharmed") {
  Caller caller;
  CHECK(caller.json("\x00"sv, "utf-16").status == Status::kInvalidContent);
  CHECK(caller.call("double", "4") == json_result("8"));
}

TEST_CASE("dispatch: content is decoded by its encoding") {
  Caller caller;
  const std::string content = utf16(u"\ufeff{\"action\": \"search\", \"value\": \"caf\u00e9\"}");
  CHECK(caller.json(content, "utf-16") == json_result(R"("No match for \"café\".")"));
  CHECK(caller.json("{\"action\": \"search\", \"value\": \"caf\xe9\"}", "ISO-8859-1") ==
        json_result(R"("No match for \"café\".")"));
}

TEST_CASE("dispatch: UTF-16 without a mark is in the sender's byte order") {
  Caller caller;
  caller.header.byte_order = protocol::ByteOrder::kBig;
  CHECK(caller.json("\0{\0\"\0a\0\"\0:\0001\0}"sv, "utf-16") ==
        error(Status::kInvalidContent,
              R"(the content has no \"action\"; it must be an object with a string \"action\")"));
}

TEST_CASE("dispatch: an unknown text encoding is named, with those we know") {
  CHECK(Caller().json("{}", "EBCDIC") ==
        error(Status::kUnsupportedEncoding,
              R"(unknown content-encoding \"EBCDIC\"; known are utf-8, utf-16, utf-16-le, )"
              "utf-16-be, utf-32, utf-32-le, utf-32-be, ascii and latin-1"));
}

TEST_CASE("dispatch: an action's error becomes the reply, and half a reply does not") {
  Caller caller;
  CHECK(answer_of(caller, [](const Request&, Reply& reply) -> Result<void> {
          reply.set_binary("half");
          return protocol::fail(Status::kOutOfRange, "say 1 to 9");
        }) == error(Status::kOutOfRange, "say 1 to 9"));
  CHECK(caller.detail.empty());
}

TEST_CASE("dispatch: an exception is internal, its text for the log alone") {
  Caller caller;
  CHECK(answer_of(caller, [](const Request&, Reply& reply) -> Result<void> {
          reply.set_string("half a reply");
          throw std::runtime_error("password in /etc/secret");
        }) == error(Status::kInternal, kInternal));
  CHECK(caller.detail == "password in /etc/secret");
}

TEST_CASE("dispatch: an exception of any type is internal") {
  Caller caller;
  CHECK(answer_of(caller, [](const Request&, Reply&) -> Result<void> { throw 42; }) ==
        error(Status::kInternal, kInternal));
  CHECK(caller.detail == "an exception that is no std::exception");
}

TEST_CASE("dispatch: an error of the system is internal, its text for the log alone") {
  Caller caller;
  CHECK(answer_of(caller, [](const Request&, Reply&) -> Result<void> {
          return reactor::fail(std::make_error_code(std::errc::permission_denied), "open /etc/x");
        }) == error(Status::kInternal, kInternal));
  CHECK(caller.detail == "open /etc/x");
}

TEST_CASE("dispatch: an action's error that is internal shows no text") {
  Caller caller;
  CHECK(answer_of(caller, [](const Request&, Reply&) -> Result<void> {
          return protocol::fail(Status::kInternal, "table users is gone");
        }) == error(Status::kInternal, kInternal));
  CHECK(caller.detail == "table users is gone");
}

TEST_CASE("dispatch: an action's error that is not UTF-8 is internal") {
  Caller caller;
  CHECK(answer_of(caller, [](const Request&, Reply&) -> Result<void> {
          return protocol::fail(Status::kInvalidArgument, "not \xff");
        }) == error(Status::kInternal, kInternal));
}

TEST_CASE("dispatch: an action that fills no reply is internal, not the last reply again") {
  Caller caller;
  CHECK(caller.call("double", "4") == json_result("8"));
  CHECK(answer_of(caller, [](const Request&, Reply&) -> Result<void> { return {}; }) ==
        error(Status::kInternal, kInternal));
}

TEST_CASE("dispatch: an action sees its name, its form and the header") {
  Caller caller;
  caller.header.content_length = 77;
  std::string seen;
  answer_of(caller, [&seen](const Request& request, Reply& reply) -> Result<void> {
    seen = std::string(request.action) + ' ' + std::string(request.value->text()) + ' ' +
           std::to_string(request.header->content_length) + ' ' +
           (request.form == Request::Form::kJson ? "json" : "binary");
    reply.set_integer(1);
    return {};
  });
  CHECK(seen == "custom 1 77 json");
}

TEST_CASE("dispatch: it tells which action was called") {
  Caller caller;
  caller.peer = Peer{};
  caller.call("double", "4");
  CHECK(caller.called == "double");
  caller.call("double", "\"no integer\"");
  CHECK(caller.called == "double");
  caller.binary("negate\x00\x00\x00\x05"sv);
  CHECK(caller.called == "negate");
  caller.call("frobnicate", "4");
  CHECK(caller.called.empty());
  caller.json("no JSON");
  CHECK(caller.called.empty());
}

TEST_CASE("dispatch: an action is found without a call") {
  Caller caller;
  const auto found = [&caller](std::string_view content) {
    const Action* action =
        caller.dispatcher.find_action(caller.header, std::as_bytes(std::span(content)));
    return action != nullptr ? action->name : "";
  };
  caller.call("negate", "1");  // sets the header, too
  CHECK(found(R"({"value": 1, "action": "double"})") == "double");
  CHECK(found(R"({"action": "frobnicate"})").empty());
  CHECK(found("no JSON").empty());
  std::string long_content(R"({"action": "echo", "value": ")");
  long_content += std::string(Dispatcher::kMaxSearchedBytes, 'x') + "\"}";
  CHECK(found(long_content).empty());
  caller.header.action = "echo";
  CHECK(found(long_content) == "echo");
  caller.header = header_of(protocol::kClientBinaryType, protocol::kBinaryEncoding);
  CHECK(found("double\x00\x00\x00\x05"sv) == "double");
  CHECK(found("double\x00\x00\x00\x05 and more"sv) == "binary");
}

// What an action that waits is started by, seen from there.
TEST_CASE("dispatch: a content that takes a moment is named while it is decoded") {
  Caller caller;
  caller.registry.add({.name = "waits",
                       .summary = "waits",
                       .handler = {},
                       .waiting_handler = [](const Request&, const CallContext&, Responder) {}});
  struct Looking final : DispatchDelegate {
    explicit Looking(Dispatcher& looked_at) : dispatcher(looked_at) {}
    bool start(const Action&, const Request&, Reply&) override {
      const auto now = dispatcher.running().now();
      seen = now ? now->action->name : "nothing";
      return false;
    }
    const Peer& peer() override { return nobody; }
    Dispatcher& dispatcher;
    Peer nobody;
    std::string seen;
  } looking(caller.dispatcher);
  protocol::MessageHeader header;
  header.content_type = protocol::kJsonContentType;
  header.content_encoding = protocol::kUtf8Encoding;
  for (const std::size_t size : {std::size_t{10}, std::size_t{64 * 1024}}) {
    const std::string content = R"({"action": "waits"})" + std::string(size, ' ');
    CHECK(caller.dispatcher.dispatch(header, std::as_bytes(std::span(content)), looking).reply ==
          nullptr);
    CHECK(looking.seen == (size < 1000 ? "nothing" : "decoding"));
  }
  CHECK(!caller.dispatcher.running().now());
}

TEST_CASE("dispatch: nesting costs no stack") {
  const std::string deep = std::string(900'000, '[') + std::string(900'000, ']');
  CHECK(Caller().call("echo", deep) == json_result(deep));
}

}  // namespace appd::handlers::test
