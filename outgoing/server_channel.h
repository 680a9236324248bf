// A channel to one server, for calls of one depth: looks the server up, connects, sends the calls
// in their order and gives each its reply.
//
// A call that is not wanted any more is taken back where it was not sent; else its reply is read
// and dropped, because replies come in the order of the requests. The channel ends where it cannot
// be connected or breaks, where its server leaves a reply owing behind the deadline, and where
// nobody has waited for it for a time. The loop's thread only.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "appd/clients/channel.h"
#include "appd/outgoing/name_lookup.h"
#include "appd/outgoing/outgoing_call.h"

namespace appd::outgoing {

class ServerChannel;

class ServerChannelOwner {
 public:
  // The channel has ended, and gets no call any more.
  virtual std::unique_ptr<ServerChannel> release(ServerChannel& channel) = 0;

 protected:
  ~ServerChannelOwner() = default;
};

// What the channels of a loop share. Outlives them.
struct ChannelContext {
  reactor::EventLoop& loop;
  servers::JobRunner* pool;
  const CallLimits& limits;
  clients::SessionContext& sessions;
  ServerChannelOwner& owner;
  std::size_t calls = 0;  // in all channels
};

class ServerChannel final : public reactor::Retirable,
                            private CallPlace,
                            private clients::ChannelDelegate {
 public:
  ServerChannel(ChannelContext& context, protocol::Address server, int depth);

  [[nodiscard]] bool serves(const protocol::Address& server, int depth) const {
    return depth_ == depth && server_ == server;
  }
  // Without a reply, wanted or not.
  [[nodiscard]] std::size_t calls() const { return entries_.size(); }
  // Since nobody waits for it; nullopt: somebody does.
  [[nodiscard]] std::optional<reactor::TimePoint> resting_since() const;

  // `call` is prepared.
  void add(OutgoingCall& call);
  // Ends it, and what waits in it fails with `error`.
  void end(const protocol::Error& error);

 private:
  struct Entry {
    OutgoingCall* call;              // null: its reply is to be dropped
    clients::SharedRequest request;  // null: not sent
    reactor::TimePoint deadline;
  };

  void cancel(OutgoingCall& call) override;
  void on_opened() override;
  void on_reply(clients::Reply reply) override;
  void on_failed(clients::Error error) override;
  void on_timer();

  void connect();
  void refuse(protocol::Error error);
  void on_looked_up(const reactor::Result<Endpoints>& found);
  void open(const Endpoints& endpoints);
  void submit(Entry& entry);
  void remove(std::deque<Entry>::iterator entry);
  void watch();
  [[nodiscard]] protocol::Error unavailable(std::string text) const;
  [[nodiscard]] protocol::Error cannot_connect(const protocol::Error& reason) const;

  ChannelContext& context_;
  const protocol::Address server_;
  const int depth_;
  const std::string name_;  // for texts
  std::deque<Entry> entries_;
  std::size_t wanted_ = 0;  // entries with a call
  reactor::TimePoint resting_since_{};
  bool ready_ = false;  // calls are sent at once
  std::unique_ptr<NameLookup> lookup_;
  std::optional<clients::Channel> channel_;
  reactor::Timer timer_;  // see watch()
};

}  // namespace appd::outgoing
