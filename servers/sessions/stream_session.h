// The session of a conversation, a coroutine (stream.h), which runs as a call does: what it awaits,
// how it is resumed and when it is destroyed are those of calls/call.h.
//
// Invariant: while the conversation lasts, it waits in at most one read (reader_) or one write
// (writer_). In no read it is at something else, and the session owes: bytes that arrive meanwhile
// stay in the connection, which then reads no further.
#pragma once

#include <coroutine>
#include <memory>
#include <optional>
#include <span>

#include "appd/handlers/handler.h"
#include "appd/handlers/peer.h"
#include "appd/handlers/session_data.h"
#include "appd/servers/calls/call.h"
#include "appd/servers/sessions/session.h"
#include "appd/servers/sessions/session_maker.h"
#include "appd/servers/sessions/stream.h"

namespace appd::servers {

class StreamSession final : public Session, private Call::Delegate, private handlers::PeerSource {
 public:
  // What all sessions of a protocol share.
  struct Spoken {
    handlers::Action named;  // of the protocol's name, for logs
    Conversation conversation;
  };

  StreamSession(SessionStart&& start, std::shared_ptr<const Spoken> spoken)
      : Session(std::move(start)), spoken_(std::move(spoken)) {}

  // For the awaiters of stream.h:
  // Whether its wish is fulfilled, or never will be: then it has a result.
  [[nodiscard]] bool try_read(detail::ReadAwaiter& reader);
  void wait_for_input(detail::ReadAwaiter& reader);
  // Whether there is room for more.
  [[nodiscard]] bool write(std::string_view bytes);
  void wait_for_room(std::coroutine_handle<> writer);
  const handlers::Peer& peer() override;
  handlers::SessionData* session_data() override { return &data_; }
  reactor::TimePoint now() override { return context().loop.now(); }
  [[nodiscard]] const handlers::CallContext& call_context() const { return *context_; }

 private:
  void on_start() override;
  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  void on_end() override;
  void on_drained() override;
  void on_gone() override;
  // It waits for the peer to take what was written, however slowly: not for what it does itself.
  bool works_on_next() const override { return static_cast<bool>(writer_); }
  void on_answered(Call& call, handlers::Reply&& reply) override;

  // Runs the conversation to its first wait, unless it runs already.
  void begin();
  // On with a read, if it can go on.
  void resume_reader();
  void resume(std::coroutine_handle<> waiting);
  // The conversation is over.
  void end(const handlers::Reply& reply);
  handlers::Task<void> converse();

  const std::shared_ptr<const Spoken> spoken_;
  std::optional<const handlers::Peer> peer_;  // nullopt: nobody has asked
  handlers::SessionData data_;
  // What on_bytes() is shown and has not been read yet; empty outside of it.
  std::span<const std::byte> rest_;
  std::size_t wanted_ = 0;  // of the rest, to go on
  bool showing_ = false;    // within on_bytes()
  bool ended_ = false;
  bool out_of_memory_ = false;
  detail::ReadAwaiter* reader_ = nullptr;
  std::coroutine_handle<> writer_;
  std::optional<handlers::CallContext> context_;  // once it has begun
  Call::Pointer call_;                            // the conversation; null: not begun, or over
};

}  // namespace appd::servers
