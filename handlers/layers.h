// The layers that come with the project (layer.h). Each is made once and counts for all actions
// that it is put around.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>

#include "handlers/layer.h"
#include "reactor/clock.h"

namespace appd::handlers {

// What a limit counts by. The view is copied.
using LimitKey = std::function<std::string_view(const Request& request)>;
// Each action for itself.
[[nodiscard]] LimitKey by_action();
// Everything together.
[[nodiscard]] LimitKey all_together();

// At most so many calls of one key between request and answer; one more is answered `overloaded`.
[[nodiscard]] Layer concurrency_limit(std::size_t most, LimitKey key = by_action());

// Sheds load: with `most` calls of any action under way, further ones are answered `overloaded`
// before they cost anything.
[[nodiscard]] Layer load_shedding(std::size_t most);

struct Rate {
  double per_second = 0;  // above 0
  double burst = 1;       // calls that may come at once after a rest; at least 1
};
// More calls of one key than that are answered `overloaded`. Of keys that were not seen for longer
// than a full rest nothing is kept. `clock` outlives the layer; any thread asks it.
[[nodiscard]] Layer rate_limit(Rate rate, LimitKey key = by_action(),
                               const reactor::Clock& clock = reactor::steady_clock());

// One call, for an access log. Views are valid during the call of the writer.
struct Access {
  std::string_view action;
  Request::Form form = Request::Form::kJson;
  Status status = Status::kOk;
  std::size_t reply_bytes = 0;
  reactor::Duration duration{0};  // from the layer's call to the answer
};
// `write` is called for each answer, by several threads at once; it must not throw.
[[nodiscard]] Layer access_log(std::function<void(const Access& access)> write,
                               const reactor::Clock& clock = reactor::steady_clock());

}  // namespace appd::handlers
