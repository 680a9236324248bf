// Layers wrap actions: what is to happen around every call (docs/handlers.md 4).
//
//   Layer only_json = [](const Request& request, Next& next) -> Result<void> {
//     if (request.form == Request::Form::kBinary) {
//       return protocol::fail(Status::kInvalidArgument, "this server takes text/json only");
//     }
//     return next();
//   };
//
// A layer sees the request before the action, may answer in its place, and may look at the answer.
// The same layer serves actions that answer at once and those that wait. It is called by several
// loops at once, and by the threads of the pool for actions that block.
#pragma once

#include <functional>
#include <vector>

#include "appd/handlers/handler.h"

namespace appd::handlers {

// Looks at an answer, errors included; for actions that wait on any thread. Must not throw, but
// std::bad_alloc, which is ignored. Without memory for its text an answer is `internal` and not
// filled.
using ReplyObserver = std::function<void(const Reply& reply)>;

// The rest of a call, as a layer sees it; valid during the layer's call.
class Next {
 public:
  // Calls `observer` once when the answer is there, whoever gave it: the action, a layer further
  // in, or this layer itself. Before operator() only.
  void then(ReplyObserver observer) { observers_.push_back(std::move(observer)); }

  // Calls what is further in; once. Never fails: the answer, also where it is an error, is there
  // (or will be, for an action that waits), and observers see it.
  Result<void> operator()();

 private:
  friend Action with_layer(Action action,
                           const std::function<Result<void>(const Request&, Next&)>&);
  // Calls what is further in, and has it tell the observers.
  using Call = std::function<void(std::vector<ReplyObserver>&)>;
  explicit Next(const Call& call) : call_(call) {}

  const Call& call_;
  std::vector<ReplyObserver> observers_;
  bool called_ = false;
};

// Returns next(), or the error that is the answer in its place; what it returns after next() is
// not looked at. One that throws without having called next() is answered `internal`.
using Layer = std::function<Result<void>(const Request& request, Next& next)>;

// The action with `layer` around it; a layer that is added later is further out.
[[nodiscard]] Action with_layer(Action action, const Layer& layer);

}  // namespace appd::handlers
