// A usual request allocates nothing: this program counts every operator new.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>

#include "appd/handlers/typed/typed.h"
#include "call_fixture.h"

namespace {

std::size_t allocations = 0;

void* counted(std::size_t bytes) {
  ++allocations;
  void* memory = std::malloc(bytes == 0 ? 1 : bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

[[gnu::noinline]] void* operator new(std::size_t bytes) { return counted(bytes); }
[[gnu::noinline]] void* operator new[](std::size_t bytes) { return counted(bytes); }
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

using namespace std::literals;

namespace appd::handlers::test {

struct Set {
  std::string_view key, value;
  std::optional<std::int64_t> ttl_ms;
};
APPD_FIELDS(Set, key, value, ttl_ms);

namespace {

// Of the later calls, behind one that may warm up; also checks that they succeed.
std::size_t allocations_of_repeated(const protocol::MessageHeader& header, std::string_view content,
                                    Action action = {}) {
  Caller caller;
  if (!action.name.empty()) caller.registry.add(std::move(action));
  const auto bytes = std::as_bytes(std::span(content));
  REQUIRE(caller.dispatcher.dispatch(header, bytes).status() == Status::kOk);
  const std::size_t before = allocations;
  bool all_ok = true;
  for (int call = 0; call < 10; ++call) {
    all_ok = all_ok && caller.dispatcher.dispatch(header, bytes).status() == Status::kOk;
  }
  const std::size_t counted_now = allocations - before;
  REQUIRE(all_ok);
  return counted_now;
}

const protocol::MessageHeader kJson = header_of("text/json", "utf-8");
const protocol::MessageHeader kBinary = header_of(protocol::kClientBinaryType, "binary");

}  // namespace

TEST_CASE("allocation: the counter counts") {
  const std::size_t before = allocations;
  const std::string long_text(100, 'a');
  CHECK(allocations > before);
  CHECK(long_text.size() == 100);
}

TEST_CASE("allocation: a search that hits costs none") {
  CHECK(allocations_of_repeated(kJson, R"({"action": "search", "value": "morpheus"})") == 0);
}

TEST_CASE("allocation: a double costs none, as JSON and packed") {
  CHECK(allocations_of_repeated(kJson, R"({"action": "double", "value": 7654321})") == 0);
  CHECK(allocations_of_repeated(kBinary, "double\x00\x74\xcb\xb1"sv) == 0);
}

TEST_CASE("allocation: an echo costs none, as JSON and as bytes") {
  CHECK(allocations_of_repeated(kJson, R"({"action": "echo", "value": [1, {"a": "b"}]})") == 0);
  protocol::MessageHeader header = kBinary;
  header.action = "echo";
  CHECK(allocations_of_repeated(header, std::string(64 * 1024, 'x')) == 0);
}

TEST_CASE("allocation: the first bytes of binary content cost none") {
  CHECK(allocations_of_repeated(kBinary, "helloworld") == 0);
}

TEST_CASE("allocation: typed handlers of text, numbers and JSON cost none") {
  const auto json = [](std::string_view value, auto function) {
    const std::string content = R"({"action": "act", "value": )" + std::string(value) + "}";
    return allocations_of_repeated(kJson, content, make_action("act", function));
  };
  CHECK(json("7", [](std::int64_t n) { return n + 1; }) == 0);
  CHECK(json("0.5", [](double x) { return x / 4; }) == 0);
  CHECK(json("true", [](bool on) { return !on; }) == 0);
  CHECK(json(R"("a text that is too long for a short string")",
             [](std::string_view text) { return text; }) == 0);
  CHECK(json(R"("a text that is too long for a short string")",
             [](std::string_view text, const Request&) -> Result<std::string_view> {
               return text;
             }) == 0);
  CHECK(json("null", [](std::optional<bool>) {}) == 0);
}

TEST_CASE("allocation: typed handlers of binary content cost none") {
  CHECK(allocations_of_repeated(kBinary, "halved\x00\x00\x00\x02"sv,
                                make_action("halved", [](int n) { return n / 2; })) == 0);
}

TEST_CASE("allocation: a struct and several values cost none but their own") {
  const auto content =
      R"({"action": "set", "value": {"ttl_ms": 5, "key": "trinity", "value": "morpheus"}})"sv;
  CHECK(allocations_of_repeated(kJson, content, make_action("set", [](Set set) { return set; })) ==
        0);
  const auto set = [](std::string_view key, std::string_view value, std::optional<int> ttl_ms) {
    return Set{key, value, ttl_ms};
  };
  CHECK(allocations_of_repeated(
            kJson, content, make_action("set", set, {.parameters = {"key", "value", "ttl_ms"}})) ==
        0);
  CHECK(allocations_of_repeated(
            kJson, R"({"action": "set", "value": ["trinity", "morpheus"]})",
            make_action("set", set, {.parameters = {"key", "value", "ttl_ms"}})) == 0);
}

}  // namespace appd::handlers::test
