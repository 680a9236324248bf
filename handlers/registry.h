// Actions by name. Built in main, passed down, immutable once loops run; then any thread may look
// up.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "appd/handlers/handler.h"

namespace appd::handlers {

class Registry {
 public:
  // Throws std::invalid_argument: a name that is empty, longer than kMaxFieldBytes, not UTF-8 or
  // registered already; no handler, or two; a negative time limit; packed_call with a name that is
  // not kPackedNameBytes long; and what could not work or would have no effect: a coroutine in the
  // pool, a CallContext where nothing waits, a time limit where nothing waits.
  void add(Action action);

  // nullptr: nobody registered it. Valid as long as the registry.
  [[nodiscard]] const Action* find(std::string_view name) const;

  [[nodiscard]] const std::map<std::string, Action, std::less<>>& actions() const {
    return actions_;
  }

 private:
  std::map<std::string, Action, std::less<>> actions_;
};

}  // namespace appd::handlers
