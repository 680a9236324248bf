// Compiles as it is; with one of the macros below the compiler has to refuse it, in words that help
// (tests/handlers/CMakeLists.txt).
#include "included.h"

using namespace appd::handlers;

template <class T>
struct Box {
  T value;
};
struct Query {
  std::string_view text;
};
template <>
inline constexpr bool appd::handlers::kBorrows<Query> = true;

// What a coroutine_handler() takes.
#if defined(REFERENCE)
using First = const OwnedRequest&;
#elif defined(POINTER)
using First = const char*;
#elif defined(BORROWED_REQUEST)
using First = Request;
#else
using First = OwnedRequest;
#endif

Task<Result<Reply>> answer(First /*first*/, CallContext call) {
#if defined(UNNAMED_OFFLOAD)
  const std::string text = "captured";
  (void)co_await call.offload([text] { return text.size(); });
#else
  co_await call.sleep(std::chrono::milliseconds(1));
#endif
  Reply reply;
  reply.set_integer(1);
  co_return reply;
}

const WaitingHandler handler = coroutine_handler(&answer);

// What a typed coroutine takes: PARAMETER; and gives: RESULT.
#ifndef PARAMETER
#define PARAMETER std::optional<std::vector<std::string>>
#endif
#ifndef RESULT
#define RESULT Result<std::optional<std::string>>
#endif

const Action typed = make_action("typed", [](PARAMETER, CallContext call) -> Task<RESULT> {
  co_await call.sleep(std::chrono::milliseconds(1));
  throw 1;
});

// A CallContext where nothing can wait.
#if defined(CONTEXT_ALONE)
const Action alone = make_action("alone", [](std::string text, CallContext) { return text; });
#else
const Action blocks = make_action(
    "blocks", [](std::string_view text, const CallContext&) { return text; }, {.blocks = true});
#endif
