#include "appd/clients/client_session.h"

#include <algorithm>
#include <limits>
#include <string_view>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::clients {
namespace {

using protocol::DecodeEvent;
using protocol::Protocol;
using reactor::Consumed;

// How many bytes of `received` are the request's own from `offset` on.
std::size_t equal_bytes(const WireRequest& request, std::size_t offset,
                        std::span<const std::byte> received) {
  std::size_t equal = 0;
  for (const std::string_view part :
       {std::string_view(request.head), std::string_view(request.body)}) {
    if (offset >= part.size()) {
      offset -= part.size();
      continue;
    }
    const auto expected = std::as_bytes(std::span(part)).subspan(offset);
    const auto actual = received.subspan(equal);
    const std::size_t length = std::min(expected.size(), actual.size());
    const auto [at, unused] = std::mismatch(
        actual.begin(), actual.begin() + static_cast<std::ptrdiff_t>(length), expected.begin());
    equal += static_cast<std::size_t>(at - actual.begin());
    if (equal == received.size() || at != actual.begin() + static_cast<std::ptrdiff_t>(length)) {
      break;
    }
    offset = 0;
  }
  return equal;
}

// The first `count` bytes that `request` puts on the wire.
std::string first_bytes(const WireRequest& request, std::size_t count) {
  std::string bytes = request.head.substr(0, count);
  if (count > bytes.size()) bytes += request.body.substr(0, count - bytes.size());
  return bytes;
}

// Other last replies say that nothing behind them was begun. A server whose drain takes too long
// has begun what it has read.
const std::string kShuttingDown{protocol::status_name(protocol::Status::kShuttingDown)};

bool closes_by_itself(Protocol protocol) {
  return protocol == Protocol::kApp || protocol == Protocol::kMessageEcho;
}

}  // namespace

SessionContext::SessionContext(std::uint64_t max_content_bytes)
    : limits{.max_content = max_content_bytes} {
  // Reading must never wait for sending: the server of a large echo sends while we do, and stops
  // reading when we stop. Time limits are the caller's deadline.
  connection.write_high_watermark = std::numeric_limits<std::size_t>::max();
  connection.write_timeout = std::chrono::hours(24);
}

ClientSession::ClientSession(reactor::EventLoop& loop, SessionContext& context,
                             const SessionOptions& options, reactor::AnyTransport transport,
                             ClientSessionDelegate& delegate)
    : options_(options),
      delegate_(delegate),
      decoder_(context.decoding, context.limits),
      state_(closes_by_itself(options.protocol) ? State::kFirst : State::kKept),
      connection_context_{.loop = loop, .options = context.connection},
      connection_(connection_context_, std::move(transport), *this) {}

bool ClientSession::may_send() const {
  if (state_ == State::kClosing || state_ == State::kEnded) return false;
  if (unanswered_.empty()) return true;
  const std::size_t depth = state_ == State::kKept ? options_.pipeline_depth : 1;
  return unanswered_.size() < depth && unanswered_.back()->keep_alive;
}

void ClientSession::send(SharedRequest request) {
  APPD_CHECK(may_send() && request->bytes() > 0);
  unanswered_.push_back(request);
  connection_.send(std::as_bytes(std::span(request->head)),
                   std::as_bytes(std::span(request->body)));
}

std::deque<SharedRequest> ClientSession::take_unanswered() {
  return std::exchange(unanswered_, {});
}

Consumed ClientSession::on_bytes(std::span<const std::byte> bytes) {
  std::size_t used = 0;
  while (used < bytes.size() && state_ != State::kEnded) {
    if (unanswered_.empty()) {
      break_off("the server sent bytes that no request had asked for");
      break;
    }
    const auto rest = bytes.subspan(used);
    const Consumed step = options_.protocol == Protocol::kApp ? take_message(rest)
                          : diverged_.empty()                 ? take_echo(rest)
                                                              : take_error_message(rest);
    used += step.bytes;
    if (step.bytes == 0) return {used, step.wanted};
  }
  return {bytes.size(), 0};
}

Consumed ClientSession::take_message(std::span<const std::byte> input) {
  auto event = decoder_.next(input);
  if (!event) {
    break_off("the server's reply is not a message: " + event.error().message);
    return {input.size(), 0};
  }
  if (event->kind != DecodeEvent::Kind::kMessage) return {0, event->bytes};
  const auto header_json = input.subspan(
      protocol::kPrefixBytes, event->bytes - event->content.size() - protocol::kPrefixBytes);
  auto reply = make_reply(*event->header, header_json, event->content);
  if (!reply) {
    break_off(reply.error().message);
  } else {
    const bool keeps = reply->keep_alive;
    deliver(std::move(*reply), keeps);
  }
  return {event->bytes, 0};
}

Consumed ClientSession::take_echo(std::span<const std::byte> input) {
  const SharedRequest request = unanswered_.front();
  const auto expected = input.first(std::min(input.size(), request->bytes() - echoed_bytes_));
  const std::size_t equal = equal_bytes(*request, echoed_bytes_, expected);
  if (equal < expected.size()) {
    if (options_.protocol == Protocol::kMessageEcho) {
      diverged_ = first_bytes(*request, echoed_bytes_);
      return take_error_message(input);
    }
    break_off("what came back differs from what was sent at byte " +
              std::to_string(echoed_bytes_ + equal));
    return {input.size(), 0};
  }
  echoed_bytes_ += equal;
  if (echoed_bytes_ == request->bytes()) {
    echoed_bytes_ = 0;
    deliver(make_echo_reply(*request, options_.protocol), request->keep_alive);
  }
  return {equal, 0};
}

// What a message echo cannot do it says with an error message instead of the echo.
Consumed ClientSession::take_error_message(std::span<const std::byte> input) {
  diverged_.append(reinterpret_cast<const char*>(input.data()), input.size());
  const auto bytes = std::as_bytes(std::span(diverged_));
  const auto event = decoder_.next(bytes);
  if (event && event->kind == DecodeEvent::Kind::kNeedMore) return {input.size(), 0};
  if (event) {
    const auto header_json = bytes.subspan(
        protocol::kPrefixBytes, event->bytes - event->content.size() - protocol::kPrefixBytes);
    auto reply = make_reply(*event->header, header_json, event->content);
    if (reply && reply->is_error) {
      deliver(std::move(*reply), false);
      return {input.size(), 0};
    }
  }
  break_off("what came back is neither what was sent nor an error message");
  return {input.size(), 0};
}

void ClientSession::deliver(Reply reply, bool keeps_connection) {
  unanswered_.pop_front();
  state_ = keeps_connection ? State::kKept : State::kClosing;
  const bool cut_off = reply.status == kShuttingDown;
  delegate_.on_reply(std::move(reply));
  if (state_ != State::kClosing) return;
  if (cut_off && !unanswered_.empty()) {
    break_off("the server ended before it had answered");
  } else {
    end({});
  }
}

void ClientSession::on_end() {
  if (state_ == State::kEnded) return;
  // A message echo cannot tell us that it will not keep the connection; it just closes.
  const bool just_closed = options_.protocol == Protocol::kMessageEcho && state_ == State::kKept &&
                           echoed_bytes_ == 0 && diverged_.empty();
  if (unanswered_.empty() || just_closed) {
    end({});
  } else {
    break_off(early_end_text());
  }
}

void ClientSession::on_closed(std::error_code reason) {
  if (state_ == State::kEnded) return;
  if (unanswered_.empty()) {
    end({});
    return;
  }
  break_off("the connection broke before the server had answered: " +
            (reason ? reason.message() : std::string("closed")));
}

std::string ClientSession::early_end_text() const {
  const std::size_t received =
      options_.protocol == Protocol::kApp ? connection_.kept_bytes() : echoed_bytes_;
  if (received == 0 && diverged_.empty()) {
    return "the server closed the connection without an answer";
  }
  return "the server closed the connection in the middle of its answer";
}

void ClientSession::break_off(const std::string& what) {
  end(fail(ClientError::kProtocolBroken, what));
}

void ClientSession::end(Result<void> how) {
  state_ = State::kEnded;
  delegate_.on_ended(std::move(how));
}

}  // namespace appd::clients
