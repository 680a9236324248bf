// app (docs/protocol.md 2.1): requests are dispatched to actions, replies come in their order.
//
// While no answer is owed, a reply goes straight out. Behind an action that waits, replies queue;
// the session goes on to read and call until max_pending_calls wait or what they hold is above the
// write watermark.
#pragma once

#include <chrono>
#include <memory>

#include "appd/servers/calls/reply_queue.h"
#include "appd/servers/sessions/session.h"

namespace appd::servers {

class AppSession final : public Session {
 public:
  AppSession(SessionContext& context, Seat seat, reactor::AnyTransport transport);
  ~AppSession() override;

 private:
  class Starter;
  struct UnderWay;

  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  std::string_view action_name() override;
  void send_error(const Refusal& refusal) override;
  bool refuse_in_turn(const Refusal& refusal) override;
  void on_gone() override;
  bool works_on_answer() override;
  void report_pending(DrainReport& report) override;
  [[nodiscard]] const handlers::Peer& peer();
  // True: it is answered already, in `reply`.
  [[nodiscard]] bool start_call(const handlers::Action& action, const handlers::Request& request,
                                handlers::Reply& reply);
  // A large request, to be decoded in the pool. Likewise.
  [[nodiscard]] bool start_decoding(const protocol::MessageHeader& header,
                                    std::span<const std::byte> content, handlers::Reply& reply);
  [[nodiscard]] PendingCall::Terms call_terms(const protocol::MessageHeader& header,
                                              std::chrono::milliseconds time_limit);
  void queue_call(std::unique_ptr<PendingCall> call, const protocol::MessageHeader& header);
  void on_answered(PendingCall& call, handlers::Reply reply);

  // What an error that ends the conversation answers.
  struct Refused {
    protocol::MessageHeader header;  // as far as it was understood
    bool extended = false;           // the reply carries the extension fields
  };
  [[nodiscard]] Refused refused_message(const Refusal& refusal) const;
  // One answer, for those who look on: counters, log, the drain's report.
  struct Answered {
    std::string_view action;   // a registered name; empty: none was found
    reactor::TimePoint began;  // when its request was there
  };
  [[nodiscard]] bool takes_requests();
  [[nodiscard]] bool has_room();
  // `followed`: further bytes lie behind this request.
  void answer(const protocol::MessageHeader& header, std::span<const std::byte> content,
              bool followed);
  [[nodiscard]] bool ends_drain(bool followed);
  [[nodiscard]] handlers::Dispatched reply_to(const protocol::MessageHeader& header,
                                              std::span<const std::byte> content);
  // The reply to a request with this header: counted, logged, sent, and closed behind it if need
  // be.
  void send(const protocol::MessageHeader& header, bool extended, bool asked_to_stay,
            const Answered& answered, const handlers::Reply& reply);
  [[nodiscard]] UnderWay& under_way();
  void forget_under_way();
  [[nodiscard]] protocol::MessageDecoder take_decoder();
  void await_rest(protocol::MessageDecoder decoder);
  [[nodiscard]] bool awaits_content() const;
  [[nodiscard]] bool owes_answers() const;
  void queue(QueuedReply place);
  void send_queued();
  void drop_queue();
  // The budget of all connections learns what the queue holds.
  void note_held();
  void log_internal_error(std::string_view action, std::string_view detail);
  // A line in the access log, if there is one.
  void log_access(const Answered& answered, protocol::Status status, std::size_t bytes);

  std::unique_ptr<UnderWay> under_way_;  // null: no content is awaited, no answer owed, and
                                         // nobody has asked for the peer
};

}  // namespace appd::servers
