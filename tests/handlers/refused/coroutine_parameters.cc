// Compiles as it is; with one of the macros below the compiler has to refuse it, in words that help
// (tests/handlers/CMakeLists.txt).
#include "handlers/coroutine_handler.h"

using namespace appd::handlers;

#if defined(REFERENCE)
using First = const OwnedRequest&;
#elif defined(VIEW)
using First = std::string_view;
#elif defined(SPAN)
using First = std::span<const std::byte>;
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
