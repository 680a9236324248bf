// A protocol of a program's own as a coroutine: one connection, from its first byte to its last.
//
//   app.protocol("lines", [](appd::Stream peer) -> appd::Task<> {
//     while (auto line = co_await peer.read_until("\n", 64 * 1024)) {
//       co_await peer.write(answer(*line));
//     }
//   });
//
// The connection is closed, in order, when the coroutine returns; one that throws is logged and
// ends its connection alone. Where the connection breaks, or a limit or the drain's end closes it,
// the coroutine is destroyed where it waits, and what it holds with it: an await below returns only
// while somebody is there.
//
// The server's limits count: --idle-timeout while a read waits and nothing of its message is there,
// --request-timeout from a message's first byte to its last, --write-timeout while the peer takes
// nothing of what is written, --half-close-grace from the peer's end while the coroutine is at
// something else. A drain ends a connection whose coroutine waits for a message to begin, and lets
// others come to that.
//
// (Name what takes more than one expression before you write it: GCC 12 destroys the temporaries of
// a conditional that stands within a co_await expression wrongly.)
#pragma once

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "appd/handlers/session_data.h"
#include "appd/handlers/waiting/call_context.h"
#include "appd/handlers/waiting/task.h"
#include "appd/protocol/frame_decoder.h"

namespace appd::servers {

class StreamSession;

// Why a read gives nothing.
enum class StreamEnd : std::uint8_t {
  kEnded,     // the peer sends no more
  kCutShort,  // likewise, and it had begun what was to be read
  kTooLong,   // it is longer than was allowed; nothing of it is read, and never will be
};
using StreamRead = tl::expected<std::string, StreamEnd>;

namespace detail {

// What a read waits for.
struct ReadWish {
  enum class Kind : std::uint8_t { kDelimited, kFrame, kExactly, kSome };

  Kind kind;
  std::string_view delimiter = {};
  protocol::LengthPrefix prefix = {};
  std::size_t bytes = 0;     // exactly or at most
  std::size_t searched = 0;  // of what is there, in vain

  // The first of `input`.
  [[nodiscard]] protocol::Frame find(std::span<const std::byte> input);
};

class ReadAwaiter {
 public:
  ReadAwaiter(StreamSession& session, const ReadWish& wish) : session_(session), wish_(wish) {}
  [[nodiscard]] bool await_ready();
  void await_suspend(std::coroutine_handle<> awaiting);
  [[nodiscard]] StreamRead await_resume() { return std::move(*result_); }

 private:
  friend class servers::StreamSession;

  StreamSession& session_;
  ReadWish wish_;
  std::optional<StreamRead> result_;
  std::coroutine_handle<> awaiting_;
};

class WriteAwaiter {
 public:
  WriteAwaiter(StreamSession& session, std::string_view bytes) : session_(session), bytes_(bytes) {}
  [[nodiscard]] bool await_ready();
  void await_suspend(std::coroutine_handle<> awaiting);
  void await_resume() const noexcept {}

 private:
  StreamSession& session_;
  std::string_view bytes_;
};

}  // namespace detail

// Copies are of one connection. Valid as long as its coroutine, from within which all of it is to
// be used: one await at a time, on the loop's thread.
class Stream {
 public:
  explicit Stream(StreamSession& session) : session_(&session) {}

  // Each is to be awaited, and gives a StreamRead: bytes of its own, or why there are none.
  // What comes before the next `delimiter` (not empty), which is dropped; at most so many bytes.
  [[nodiscard]] auto read_until(std::string_view delimiter, std::size_t most) const {
    return read({.kind = Wish::Kind::kDelimited, .delimiter = delimiter, .bytes = most});
  }
  // The payload of the next frame.
  [[nodiscard]] auto read_frame(const protocol::LengthPrefix& prefix = {}) const {
    return read({.kind = Wish::Kind::kFrame, .prefix = prefix});
  }
  // So many bytes.
  [[nodiscard]] auto read_exactly(std::size_t bytes) const {
    return read({.kind = Wish::Kind::kExactly, .bytes = bytes});
  }
  // What is there, as soon as it is at least one byte; at most so many, which is not 0.
  [[nodiscard]] auto read_some(std::size_t most = 64 * 1024) const {
    return read({.kind = Wish::Kind::kSome, .bytes = most});
  }

  // co_await write(b): sends `bytes`, and goes on at once, or, where so much is unsent already
  // (--write-high-watermark), when the peer has taken most of it. What is written between two reads
  // of what has arrived leaves together.
  [[nodiscard]] auto write(std::string_view bytes) const {
    return detail::WriteAwaiter(*session_, bytes);
  }

  // Who is there. The first to ask pays for a system call.
  [[nodiscard]] const handlers::Peer& peer() const;
  // The time of the loop's turn.
  [[nodiscard]] reactor::TimePoint now() const { return context().now(); }
  // What the program keeps for the connection (App::session_data()); actions that are called from
  // here see the same.
  template <class T>
  [[nodiscard]] T& session_data() const {
    return data().template get<T>();
  }
  // What else there is to wait for: sleep(), offload(), actions of this server and of others.
  [[nodiscard]] const handlers::CallContext& context() const;

 private:
  using Wish = detail::ReadWish;
  [[nodiscard]] handlers::SessionData& data() const;
  [[nodiscard]] detail::ReadAwaiter read(const Wish& wish) const { return {*session_, wish}; }

  StreamSession* session_;
};

}  // namespace appd::servers
