// What an action sees and gives: a request's values in, a reply's values out. No sockets, no loop.
#pragma once

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <typeindex>
#include <vector>

#include "appd/handlers/description.h"
#include "appd/handlers/peer.h"
#include "appd/protocol/message_header.h"
#include "appd/protocol/status.h"
#include "appd/protocol/text/json.h"
#include "appd/reactor/clock.h"

namespace appd::handlers {

using protocol::JsonView;
using protocol::Result;
using protocol::Status;

class CallContext;  // call_context.h
class Responder;    // responder.h

// One call of an action. Everything is borrowed for the duration of the call.
struct Request {
  enum class Form : std::uint8_t { kJson, kBinary };

  std::string_view action = {};
  Form form = Form::kJson;
  std::optional<JsonView> value = {};               // kJson; nullopt: the request had none
  std::span<const std::byte> payload = {};          // kBinary
  const protocol::MessageHeader* header = nullptr;  // never null in a call
  PeerSource* source = nullptr;                     // null: peer() knows nobody
  // In the worker pool: the deadline and the stop token of the call. Null elsewhere.
  const CallContext* context = nullptr;

  // The other end of the connection (peer.h). The first to ask on a connection pays for a system
  // call.
  [[nodiscard]] const Peer& peer() const;
  // The time of the loop's turn in which the call began: of the server's clock, which in a
  // simulated world is that world's.
  [[nodiscard]] reactor::TimePoint now() const;
  // As PeerSource says: T& of a program's own, for who has no parameter of that type, as a layer.
  [[nodiscard]] SessionData* session_data() const {
    return source != nullptr ? source->session_data() : nullptr;
  }
};

// Bytes of a packed call: binary content that is exactly a name and a payload of these lengths.
inline constexpr std::size_t kPackedNameBytes = 6;
inline constexpr std::size_t kPackedPayloadBytes = 4;

// The content of a reply; reused for the next one, so that a usual reply allocates nothing.
// Invariant: each set_* replaces the whole reply, so there is never half of one.
class Reply {
 public:
  Reply() = default;
  Reply(const Reply& other);
  Reply& operator=(const Reply& other);
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) noexcept = default;
  ~Reply() = default;

  // Memory that is kept from one reply to the next; a larger content is given back.
  static constexpr std::size_t kMaxKeptBytes = 1024 * 1024;

  // {"result": VALUE} as text/json. `utf8` must be valid UTF-8; `json` is any JSON text.
  void set_string(std::string_view utf8);
  void set_integer(std::int64_t value);
  void set_json(std::string_view json);
  // The same with a VALUE that `append` writes behind the text it gets. Where it fails there is no
  // reply, and its error is returned.
  template <std::invocable<std::string&> Append>
  Result<void> set_json_by(const Append& append) {
    begin_json_text(0);
    Result<void> appended = append(content_);
    if (appended) end_json_text();
    return appended;
  }
  // Any bytes, with the type and encoding of the tutorial's server unless others are given.
  // Throws std::invalid_argument: a type or an encoding that does not fit a header, because it is
  // longer than kMaxFieldBytes or not UTF-8.
  void set_binary(std::string_view bytes);
  void set_binary(std::string_view bytes, std::string_view content_type,
                  std::string_view content_encoding = protocol::kBinaryEncoding);
  // As set_string(), or where the request was binary as set_binary().
  void set_text(Request::Form form, std::string_view utf8);
  // {"result": "Error: TEXT"}. `detail` is for the log alone.
  void set_error(Status status, std::string_view text, std::string_view detail = {});
  // Not filled, with status `internal`: for whom there is no memory to say more.
  void set_unanswered() noexcept {
    filled_ = false;
    status_ = Status::kInternal;
  }
  // Back to the state of a new one, its memory kept.
  void clear();

  // Some set_* was called since clear().
  [[nodiscard]] bool filled() const { return filled_; }
  [[nodiscard]] Status status() const { return status_; }
  [[nodiscard]] std::string_view content() const {
    return std::string_view(content_).substr(0, bytes_);
  }
  [[nodiscard]] std::string_view content_type() const {
    if (form_ == Form::kJson) return protocol::kJsonContentType;
    return form_ == Form::kBinary ? protocol::kServerBinaryType : words_->content_type;
  }
  [[nodiscard]] std::string_view content_encoding() const {
    if (form_ == Form::kJson) return protocol::kUtf8Encoding;
    return form_ == Form::kBinary ? protocol::kBinaryEncoding : words_->content_encoding;
  }
  [[nodiscard]] std::string_view detail() const {
    return words_ ? words_->detail : std::string_view();
  }

 private:
  enum class Form : std::uint8_t {
    kJson,
    kBinary,  // with the type and the encoding of the tutorial's server
    kOther,   // with those of words_
  };
  // What most replies have not: a reply is moved often, and should be small.
  struct Words {
    std::string content_type;
    std::string content_encoding;
    std::string detail;
  };
  [[nodiscard]] Words& words();
  // Writes all around a value of so many bytes, and returns where these go.
  [[nodiscard]] char* put_json(std::size_t value_bytes);
  // The same around what is appended to content_: of what is large or is not known beforehand.
  void begin_json_text(std::size_t expected_bytes);
  void end_json_text();
  void clear_filled();

  bool filled_ = false;
  Form form_ = Form::kJson;
  Status status_ = Status::kOk;
  std::size_t bytes_ = 0;
  // The content is its first bytes_; what is behind them is room for others, so that it need not be
  // cleared before it is written to.
  std::string content_;
  std::unique_ptr<Words> words_;  // null: none so far
};

// Fills `reply`, or fails with invalid_argument, out_of_range or another status: the error's
// message (UTF-8) is the reply's text. Answered `internal`, with the reason in Reply::detail alone:
// an exception, an error that is no protocol::Status or is `internal`, a reply that was not filled.
// Called on a loop's thread, on several loops at once, and for large contents on threads of the
// worker pool: what it captures must be immutable or guarded.
using Handler = std::function<Result<void>(const Request& request, Reply& reply)>;

// A handler that waits: answers through `responder`, now or later, and does not block meanwhile.
// `request` is borrowed for the call; what outlives it is an OwnedRequest. Coroutines become one by
// coroutine_handler(). Called on a loop's thread as a Handler is; one that throws answers
// `internal`, if its responder was not moved away.
using WaitingHandler =
    std::function<void(const Request& request, CallContext context, Responder responder)>;

struct Action {
  std::string name;
  std::string summary;  // one line, for people
  Handler handler;
  // Also called by binary content that is exactly the name (kPackedNameBytes) and a payload of
  // kPackedPayloadBytes.
  bool packed_call = false;
  // Instead of `handler`; exactly one of the two is there.
  WaitingHandler waiting_handler = {};
  // The handler blocks: it is called in the worker pool, not on a loop's thread. Not for
  // coroutines, which go on on the loop. Of its context a waiting handler may then only ask the
  // deadline and the stop token.
  bool runs_in_pool = false;
  // `handler` asks for Request::context, which only a call in the pool has.
  bool takes_context = false;
  // It asks for what the program keeps for the connection: it is called on its loop, however large
  // the request.
  bool on_loop_only = false;
  std::vector<std::type_index> session_data = {};  // the types that it asks for
  // From the arrival of the request to the answer; 0: none. Whoever waits longer is answered
  // deadline_exceeded. Only for handlers that wait or run in the pool: one that computes on the
  // loop's thread cannot be interrupted.
  std::chrono::milliseconds time_limit{0};
  // What it says about itself; a typed handler's types fill the signature (typed.h).
  Signature signature = {};
  std::vector<Example> examples = {};

  // Calls need a place to wait: the answer may come after the call.
  [[nodiscard]] bool waits() const { return runs_in_pool || static_cast<bool>(waiting_handler); }
};

}  // namespace appd::handlers
