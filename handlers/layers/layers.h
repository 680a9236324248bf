// The layers that come with the project (layer.h). Each is made once and counts for all actions
// that it is put around.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appd/handlers/layers/layer.h"
#include "appd/reactor/clock.h"

namespace appd::handlers {

// What a limit counts by: the name that a function gives to a request. The name is UTF-8, and
// copied; calls of names that begin with the same kMaxNameBytes bytes count as one.
class LimitKey {
 public:
  static constexpr std::size_t kMaxNameBytes = 256;

  // `told`: what stands before the name in an error, "calls of act" or "calls from 10.0.0.1".
  template <std::invocable<const Request&> Function>
  LimitKey(Function function, std::string told = "of")
      : function_(std::move(function)), told_(std::move(told)) {
    static_assert(!std::same_as<std::invoke_result_t<Function&, const Request&>, std::string>,
                  "a name is a view of something that outlives the function's call");
  }

  [[nodiscard]] std::string_view name(const Request& request) const;
  // "calls of act"; an empty name is "calls of all actions".
  [[nodiscard]] std::string calls(std::string_view name) const;

 private:
  std::function<std::string_view(const Request& request)> function_;
  std::string told_;
};
// Each action for itself.
[[nodiscard]] LimitKey by_action();
// Each host that calls for itself, whatever the action (Peer::host): the address without its port,
// because a client has a new port for each connection and could go round the limit with that.
// Clients behind one proxy or NAT are one host, and so are all clients of a Unix socket. IPv6
// addresses count one by one: a client that has a whole network has as many buckets as addresses,
// within the bound of the table; where that matters, limit all_together() as well. Costs a system
// call for the first request of a connection.
[[nodiscard]] LimitKey by_peer();
// Everything together.
[[nodiscard]] LimitKey all_together();

// At most so many calls of one name between request and answer; one more is answered `overloaded`.
// Only names of calls that are under way are kept.
[[nodiscard]] Layer concurrency_limit(std::size_t most, LimitKey key = by_action());

// Sheds load: with `most` calls of any action under way, further ones are answered `overloaded`
// before they cost anything.
[[nodiscard]] Layer load_shedding(std::size_t most);

// Names that a rate limit remembers at most: about 10 MiB of hosts.
inline constexpr std::size_t kMaxRateNames = 64 * 1024;

struct Rate {
  double per_second = 0;  // above 0
  double burst = 1;       // calls that may come at once after a rest; at least 1
  // One more, and the one that has not called for longest is forgotten: it may have a full burst
  // again. Who goes on calling is remembered, refused or not. At least 1.
  std::size_t most_names = kMaxRateNames;
};
// More calls of one name than that are answered `overloaded`. Who has not called for the time of a
// full rest (burst / per_second) is forgotten. `clock` outlives the layer; any thread asks it.
// Throws std::invalid_argument: a rate that lets nothing pass.
[[nodiscard]] Layer rate_limit(Rate rate, LimitKey key = by_action(),
                               const reactor::Clock& clock = reactor::steady_clock());

// One call, for an access log. Views are valid during the call of the writer.
struct Access {
  std::string_view action;
  std::string_view peer;  // its address (Peer::address)
  Request::Form form = Request::Form::kJson;
  Status status = Status::kOk;
  std::size_t reply_bytes = 0;
  reactor::Duration duration{0};  // from the layer's call to the answer
};
// `write` is called for each answer, by several threads at once; it must not throw.
[[nodiscard]] Layer access_log(std::function<void(const Access& access)> write,
                               const reactor::Clock& clock = reactor::steady_clock());

}  // namespace appd::handlers
