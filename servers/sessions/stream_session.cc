#include "appd/servers/sessions/stream_session.h"

#include <algorithm>
#include <new>
#include <stdexcept>
#include <string>
#include <utility>

#include "appd/servers/sessions/peer_of.h"

namespace appd::servers {

using handlers::Reply;
using protocol::Frame;

namespace detail {

Frame ReadWish::find(std::span<const std::byte> input) {
  if (kind == Kind::kFrame) return protocol::decode_frame(input, prefix);
  if (kind == Kind::kDelimited) {
    const Frame frame = protocol::decode_delimited(input, delimiter, bytes, searched);
    searched = input.size() - std::min(input.size(), delimiter.size() - 1);
    return frame;
  }
  const bool enough = kind == Kind::kSome ? !input.empty() : input.size() >= bytes;
  const std::size_t taken = std::min(bytes, input.size());
  if (enough) return {.complete = true, .bytes = taken, .payload = input.first(taken)};
  return {.bytes = kind == Kind::kSome ? 1 : bytes};
}

bool ReadAwaiter::await_ready() { return session_.try_read(*this); }

void ReadAwaiter::await_suspend(std::coroutine_handle<> awaiting) {
  awaiting_ = awaiting;
  session_.wait_for_input(*this);
}

bool WriteAwaiter::await_ready() { return session_.write(bytes_); }

void WriteAwaiter::await_suspend(std::coroutine_handle<> awaiting) {
  session_.wait_for_room(awaiting);
}

}  // namespace detail

const handlers::Peer& Stream::peer() const { return session_->peer(); }
handlers::SessionData& Stream::data() const { return *session_->session_data(); }
const handlers::CallContext& Stream::context() const { return session_->call_context(); }

namespace {

// Of a conversation: that it is over is all it tells.
struct PutNothing {
  handlers::Result<void> operator()(handlers::Request::Form /*form*/, Reply& reply) const {
    reply.set_json("null");
    return {};
  }
};

}  // namespace

SessionMaker session_maker(std::string_view name, Conversation conversation) {
  if (!conversation) {
    throw std::invalid_argument("protocol \"" + std::string(name) + "\" has no function");
  }
  auto spoken = std::make_shared<StreamSession::Spoken>();
  spoken->named.name = name;
  spoken->conversation = std::move(conversation);
  return session_maker<StreamSession>(std::shared_ptr<const StreamSession::Spoken>(spoken));
}

// The conversation -------------------------------------------------------------------------------

handlers::Task<void> StreamSession::converse() {
  try {
    handlers::Task<void> task = spoken_->conversation(Stream(*this));
    if (task.valid()) co_await std::move(task);
  } catch (const std::bad_alloc&) {
    out_of_memory_ = true;
    throw;
  }
}

void StreamSession::begin() {
  if (context_ || !connection().open()) return;
  CallEnvironment& calls = context().messages.calls;
  call_ = Call::make(
      calls, *this, calls.home(),
      {.begin = context().loop.now(), .connection = number(), .source = this, .counts = false});
  Reply reply;
  set_owes(Owes::kAnswers);
  const bool over = call_->start_conversation(
      spoken_->named,
      [this](handlers::CallContext call_context, handlers::Responder responder) {
        context_.emplace(std::move(call_context));
        call_->run(
            {converse(), handlers::Request::Form::kJson, PutNothing(), std::move(responder)});
      },
      reply);
  if (over) end(reply);
}

void StreamSession::resume(std::coroutine_handle<> waiting) {
  call_->resume([waiting] { waiting.resume(); });
}

void StreamSession::resume_reader() {
  if (reader_ == nullptr || !try_read(*reader_)) return;
  set_owes(Owes::kAnswers);
  resume(std::exchange(reader_, nullptr)->awaiting_);
}

void StreamSession::on_answered(Call& /*call*/, Reply&& reply) { end(reply); }

void StreamSession::end(const Reply& reply) {
  call_.reset();
  if (out_of_memory_) {  // it may have stopped within a message, where only a break tells that
    cut();
    return;
  }
  if (reply.status() == protocol::Status::kInternal) {
    context().metrics.add(Counter::kInternalErrors);
    context().log.limited_lines.write(
        logging::Level::kError, "conversation failed", spoken_->named.name,
        {{"connection", number()}, {"protocol", spoken_->named.name}, {"detail", reply.detail()}});
  }
  if (!connection().open()) return;
  if (tells_life()) tell("closing", {{"why", "the conversation is over"}});
  connection().close();
}

// What it waits for ------------------------------------------------------------------------------

bool StreamSession::try_read(detail::ReadAwaiter& reader) {
  const Frame frame = reader.wish_.find(rest_);
  if (frame.complete) {
    reader.result_.emplace(
        std::string(reinterpret_cast<const char*>(frame.payload.data()), frame.payload.size()));
    rest_ = rest_.subspan(frame.bytes);
    message_done();
    return true;
  }
  wanted_ = frame.bytes;
  if (frame.too_long) {
    reader.result_.emplace(tl::unexpect, StreamEnd::kTooLong);
  } else if (ended_) {
    const bool begun = connection().kept_bytes() > 0;
    reader.result_.emplace(tl::unexpect, begun ? StreamEnd::kCutShort : StreamEnd::kEnded);
  }
  return reader.result_.has_value();
}

// Outside of on_bytes(), what has arrived meanwhile is shown in the next turn.
void StreamSession::wait_for_input(detail::ReadAwaiter& reader) {
  reader_ = &reader;
  if (!showing_) set_owes(Owes::kNothing);
}

// The connection does not read either until there is room: a peer that takes its time is the write
// time-out's business.
void StreamSession::wait_for_room(std::coroutine_handle<> writer) {
  writer_ = writer;
  if (!showing_) set_owes(Owes::kAnswers);
}

bool StreamSession::write(std::string_view bytes) {
  // On its way to the end: the conversation waits for that.
  if (!connection().open()) return false;
  if (!bytes.empty()) connection().send(std::as_bytes(std::span(bytes)));
  return connection().open() && !connection().above_high_watermark();
}

const handlers::Peer& StreamSession::peer() {
  if (!peer_) peer_.emplace(peer_of(connection().transport()));
  return *peer_;
}

// The connection's events ------------------------------------------------------------------------

void StreamSession::on_start() {
  begin();
  if (call_ != nullptr && reader_ == nullptr) await(Awaiting::kDrained);
}

reactor::Consumed StreamSession::on_bytes(std::span<const std::byte> bytes) {
  rest_ = bytes;
  showing_ = true;
  begin();
  resume_reader();
  showing_ = false;
  const std::span<const std::byte> rest = std::exchange(rest_, {});
  const std::size_t taken = bytes.size() - rest.size();
  if (reader_ != nullptr) {
    set_owes(Owes::kNothing);
    await(rest.empty() ? Awaiting::kNextMessage : Awaiting::kContent);
    return {.bytes = taken, .wanted = wanted_};
  }
  if (call_ != nullptr) {
    set_owes(rest.empty() || writer_ ? Owes::kAnswers : Owes::kTooMuch);
    await(Awaiting::kDrained);
  }
  return {.bytes = taken};
}

void StreamSession::on_end() {
  ended_ = true;
  if (call_ != nullptr) set_owes(Owes::kAnswers);
  Session::on_end();
  resume_reader();
}

void StreamSession::on_drained() {
  Session::on_drained();
  if (writer_) resume(std::exchange(writer_, {}));
}

// What it holds may speak up while it goes.
void StreamSession::on_gone() {
  reader_ = nullptr;
  writer_ = {};
  const Call::Pointer gone = std::move(call_);
  set_owes(Owes::kNothing);
}

}  // namespace appd::servers
