// Counts what operator new is asked for. RapidJSON's stack has memory of its own, from realloc; its
// growth shows in nothing here, but it is kept from text to text like the rest.
#include <doctest/doctest.h>

#include <cstdlib>
#include <new>
#include <string>

#include "appd/protocol/message_decoder.h"
#include "appd/protocol/message_encoder.h"
#include "bytes.h"

namespace {
std::size_t allocations = 0;
}

[[gnu::noinline]] void* operator new(std::size_t size) {
  ++allocations;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace appd::protocol {
namespace {

using testing::as_bytes;

TEST_CASE("allocation: a message that is there as a whole is decoded and answered without any") {
  DecodeContext context;
  DecodeLimits limits;
  MessageDecoder decoder(context, limits);
  std::string bytes =
      testing::plain_message(R"({"action": "search", "value": "a \"long\" enough value \u00e9"})",
                             R"(, "connection": "keep-alive", "request-id": "0123456789abcdef",)"
                             R"( "action": "\u0073earch with a name past any small string")");
  std::string out;
  auto handle_one = [&] {
    DecodeResult event = decoder.next(as_bytes(bytes));
    bool found_value = false;
    bool read = context.reader
                    .read_object(testing::as_text(event->content),
                                 [&found_value](std::string_view name, const JsonView&) {
                                   found_value = found_value || name == "value";
                                 })
                    .has_value();
    ReplyExtension extension{event->header->keep_alive, event->header->request_id, Status::kOk};
    out.clear();
    encode_reply_header({}, &extension, out);
    return read && found_value;
  };
  REQUIRE(handle_one());  // the first one may allocate what is then kept

  std::size_t before = allocations;
  bool handled = true;
  for (int i = 0; i < 100; ++i) handled = handle_one() && handled;
  std::size_t made = allocations - before;
  CHECK(handled);
  CHECK(made == 0);
}

TEST_CASE("allocation: the counter counts") {
  std::size_t before = allocations;
  std::string text(1000, 'x');
  std::size_t made = allocations - before;
  CHECK(text.size() == 1000);
  CHECK(made == 1);
}

}  // namespace
}  // namespace appd::protocol
