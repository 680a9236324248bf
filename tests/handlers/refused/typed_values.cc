// Compiles as it is; with one of the macros below the compiler has to refuse it, in words that help
// (tests/handlers/CMakeLists.txt).
#include "included.h"

using namespace appd::handlers;

struct Bare {
  int n = 0;
};
struct Holder {
  std::string name;
  Bare bare;
};
APPD_FIELDS(Holder, name, bare);
struct Keyed {
  std::map<int, int> by_number;
};
APPD_FIELDS(Keyed, by_number);
enum class Color { kRed };

#ifndef PARAMETER
#define PARAMETER std::string
#endif
const Action takes = make_action("takes", [](PARAMETER) { return 1; });

#ifndef RESULT
#define RESULT std::string
#endif
const Action gives = make_action("gives", []() -> RESULT { throw 1; });

const auto generic = [](auto n) { return n; };
const auto changes = [](int n) mutable { return n; };
int two_values(int first, int second);
tl::unexpected<appd::protocol::Error> only_fail(int n);
Task<int> waits_with_a_view(std::string_view text);
int context_alone(int n, CallContext call);

#ifndef FUNCTION
#define FUNCTION [](int n) { return n; }
#endif
const Action calls = make_action("calls", FUNCTION);
