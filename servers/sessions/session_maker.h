// How a server makes the sessions of a protocol: what App::protocol() and ServedProtocols::add()
// are given. Made of a session class (session.h):
//
//   app.protocol<LineSession>("lines", std::ref(store));
//
// or of a coroutine (stream.h), which is called once a connection:
//
//   app.protocol("lines", [](appd::Stream peer) -> appd::Task<> { ... });
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <new>
#include <string_view>
#include <utility>

namespace appd::handlers {
template <class T>
class Task;
}

namespace appd::servers {

class Session;
struct SessionStart;
class Stream;

// What a conversation is written as. Called on a loop's thread, on several loops at once: what it
// captures must be immutable or guarded, and outlives every connection of the server.
using Conversation = std::function<handlers::Task<void>(Stream peer)>;

struct SessionMaker {
  std::size_t bytes;  // of memory that each session needs
  // Makes one in as much memory, aligned for anything. The loop's thread of its connection; several
  // at once.
  std::function<Session*(void* memory, SessionStart&& start)> make;
};

// Of a class that derives from Session first, and is constructed from SessionStart&& and these
// arguments, which are copied once and handed to each session as constants.
template <class SessionType, class... Arguments>
[[nodiscard]] SessionMaker session_maker(Arguments... arguments) {
  static_assert(alignof(SessionType) <= alignof(std::max_align_t),
                "a session is aligned as std::max_align_t at most");
  static_assert(std::derived_from<SessionType, Session>, "a session class derives from Session");
  return {sizeof(SessionType),
          [... kept = std::move(arguments)](void* memory, SessionStart&& start) -> Session* {
            return ::new (memory) SessionType(std::move(start), kept...);
          }};
}

// Throws std::invalid_argument: no function. `name`: of the protocol, for logs.
[[nodiscard]] SessionMaker session_maker(std::string_view name, Conversation conversation);

}  // namespace appd::servers
