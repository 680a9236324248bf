// "It is no longer wanted", asked and heard on any thread: the standard library's stop tokens,
// where it has them (libc++ below 20 has not), else those of own_stop_token.h, which can do
// what is used here. The rest of the program says StopToken, StopSource and StopCallback only.
#pragma once

#include <utility>
#include <version>

#ifdef __cpp_lib_jthread
#include <stop_token>
#else
#include "appd/reactor/threads/own_stop_token.h"
#endif

namespace appd::reactor {

#ifdef __cpp_lib_jthread
using StopToken = std::stop_token;
using StopSource = std::stop_source;
template <class Function>
using StopCallbackBase = std::stop_callback<Function>;
#else
using StopToken = OwnStopToken;
using StopSource = OwnStopSource;
template <class Function>
using StopCallbackBase = OwnStopCallback<Function>;
#endif

// Calls `function` once, when the token's stop is requested: on the thread that requests it, or at
// once, from the constructor, where it was before. The destructor waits for a call that another
// thread is in. `function` must not throw.
//
//   const appd::StopCallback on_stop(context.stop_token(), [&] { query.cancel(); });
template <class Function>
class StopCallback : public StopCallbackBase<Function> {
 public:
  StopCallback(const StopToken& token, Function function)
      : StopCallbackBase<Function>(token, std::move(function)) {}
};

}  // namespace appd::reactor
