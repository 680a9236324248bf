// app (docs/protocol.md 2.1): requests are dispatched to actions, replies come in their order.
//
// While nothing is owed, a reply goes straight out. After an action that waits, replies are owed
// (owed_replies.h); the session goes on to read and call until there is no more room for them.
#pragma once

#include <memory>

#include "appd/servers/sessions/owed_replies.h"
#include "appd/servers/sessions/session.h"

namespace appd::servers {

class AppSession final : public Session {
 public:
  explicit AppSession(SessionStart&& start);
  ~AppSession() override;

 private:
  class Requester;
  struct UnderWay;
  // What has arrived of a request: all of it.
  struct Message {
    const protocol::MessageHeader& header;
    std::span<const std::byte> content;
    // From its first byte on, as on_bytes() is shown it. Empty: `header` lies in these bytes, so
    // that their memory cannot be given away.
    std::span<const std::byte> shown;
    bool followed;  // further bytes came with it
  };

  reactor::Consumed on_bytes(std::span<const std::byte> bytes) override;
  std::string_view action_name() override;
  void send_error(const Refusal& refusal) override;
  bool refuse_in_turn(const Refusal& refusal) override;
  bool works_on_next() const override;
  void report_cut(DrainReport& report) override;
  void on_gone() override;

  // From bytes to requests.
  [[nodiscard]] bool takes_requests();
  [[nodiscard]] bool awaits_content() const;
  [[nodiscard]] protocol::MessageDecoder take_decoder();
  void await_rest(protocol::MessageDecoder decoder);

  // From a request to its reply.
  void answer(const Message& message);
  [[nodiscard]] handlers::Dispatched reply_to(const Message& message);
  // Its deadline has passed.
  [[nodiscard]] handlers::Dispatched refuse_late(const Message& message);
  // Counts, logs and sends it, and closes the connection where it does not stay.
  void send(const Asked& asked, handlers::Reply& reply);
  // What an error that ends the conversation is the answer to.
  [[nodiscard]] Asked refused(const Refusal& refusal);

  // Requests that wait for their answers. Each true: it is answered already, in `reply`.
  [[nodiscard]] bool start_call(const handlers::Action& action, const handlers::Request& request,
                                handlers::Reply& reply);
  // Of a request that is too large to be decoded here.
  [[nodiscard]] handlers::Dispatched start_decoding(const Message& message);
  [[nodiscard]] Call::Pointer make_call(const protocol::MessageHeader& header);
  void on_answered(const Call& call, handlers::Reply&& reply);
  void owe(Call::Pointer call, const protocol::MessageHeader& header);
  // What is in turn leaves, together; where there is room again, reading goes on. At the end of the
  // turn in which an answer came, so that one write takes all of them.
  void send_due();
  void send_owed();

  [[nodiscard]] UnderWay& under_way();
  void forget_under_way();

  std::unique_ptr<UnderWay> under_way_;  // null: no content is awaited, nothing is owed, and nobody
                                         // has asked for the peer or for data of the program
};

}  // namespace appd::servers
