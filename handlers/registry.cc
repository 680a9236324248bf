#include "appd/handlers/registry.h"

#include <stdexcept>
#include <utility>

#include "appd/handlers/waiting/coroutine_handler.h"
#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

namespace {

// What is wrong with `action`, or empty.
std::string problem_of(const Action& action) {
  if (action.name.empty()) return "has no name";
  if (action.name.size() > protocol::kMaxFieldBytes) {
    return "has a name of more than " + std::to_string(protocol::kMaxFieldBytes) + " bytes";
  }
  if (!protocol::is_valid_utf8(action.name)) return "has a name that is not UTF-8";
  if (!action.handler && !action.waiting_handler) return "has no handler";
  if (action.handler && action.waiting_handler) return "has two handlers";
  if (action.time_limit.count() < 0) return "has a negative time limit";
  if (action.packed_call && action.name.size() != kPackedNameBytes) {
    return "has packed_call, but its name is not " + std::to_string(kPackedNameBytes) +
           " bytes long";
  }
  if (action.runs_in_pool && is_coroutine(action.waiting_handler)) {
    return "is a coroutine and blocks: a coroutine stays on its loop, so leave \"blocks\" out and "
           "hand what blocks to CallContext::offload()";
  }
  if (action.on_loop_only && action.runs_in_pool) {
    return "takes what is kept for the connection, and blocks: that belongs to the connection's "
           "loop, so return a Task<> and hand what blocks to CallContext::offload()";
  }
  if (action.takes_context && !action.runs_in_pool) {
    return "takes a CallContext, but can neither wait nor block: return a Task<>, or give "
           "{.blocks = true}";
  }
  if (action.time_limit.count() > 0 && !action.waits()) {
    return "has a time limit, but computes its answer on the loop, which nothing can interrupt: "
           "return a Task<>, or give {.blocks = true}";
  }
  return {};
}

}  // namespace

void Registry::add(Action action) {
  std::string problem = problem_of(action);
  if (problem.empty() && find(action.name) != nullptr) problem = "is registered already";
  if (!problem.empty()) {
    throw std::invalid_argument("action \"" + action.name + "\" " + problem);
  }
  std::string name = action.name;
  actions_.emplace(std::move(name), std::move(action));
}

const Action* Registry::find(std::string_view name) const {
  const auto found = actions_.find(name);
  return found == actions_.end() ? nullptr : &found->second;
}

}  // namespace appd::handlers
