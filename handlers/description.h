// What an action says about itself: the one source of the action `describe`, of `appctl describe`,
// of the reference page and of the tests of its examples (docs/handlers.md 5).
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace appd::handlers {

// A call and what it answers, both JSON texts: {R"("morpheus")", R"("Follow the white rabbit.")"}.
struct Example {
  std::string value;  // empty: a call without a value
  std::string result;
};

// What follows from a typed handler's types, or is written for one that takes the request itself.
// An empty text says: unknown (of a schema), none (of a binary form).
struct Signature {
  std::string argument_schema = {};  // JSON Schema of the value
  std::string result_schema = {};
  std::string argument_binary = {};  // the payload's form in words: "4 bytes, a 32-bit integer ..."
  std::string result_binary = {};
};

// What a person says about an action.
struct ActionOptions {
  std::string summary = {};  // one line, no full stop
  // Values that the function would refuse are a mistake that make_action() finds.
  std::vector<Example> examples = {};
  // The names of the values of a function that takes several, in their order.
  std::vector<std::string> parameters = {};
  // The function blocks (files, databases, long computations): it runs in the worker pool. Not for
  // coroutines.
  bool blocks = false;
  // As Action::time_limit: for functions that block, and coroutines.
  std::chrono::milliseconds time_limit{0};
  // What is not empty stands in place of what the types say: for a function that looks at the
  // request or fills the reply itself.
  Signature signature = {};
  // A value that does not fit is refused in a sentence, without its place: "search takes a string,
  // not an integer".
  bool plain_refusals = false;
};

}  // namespace appd::handlers
