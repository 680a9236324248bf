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
#include "appd/clients/pool/call_limits.h"
#include "appd/clients/pool/name_lookup.h"
#include "appd/clients/pool/pooled_call.h"

namespace appd::clients {

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
  reactor::JobRunner* runner;
  const CallLimits& limits;
  SessionContext& sessions;
  ServerChannelOwner& owner;
  std::size_t calls = 0;  // in all channels
};

class ServerChannel final : public reactor::Retirable, private CallPlace, private ChannelDelegate {
 public:
  ServerChannel(ChannelContext& context, protocol::Address server, int depth);

  [[nodiscard]] bool serves(const protocol::Address& server, int depth) const {
    return depth_ == depth && server_ == server;
  }
  // Without a reply, wanted or not.
  [[nodiscard]] std::size_t calls() const { return entries_.size(); }
  // Since nobody waits for it; nullopt: somebody does.
  [[nodiscard]] std::optional<reactor::TimePoint> resting_since() const;

  // Errors, and then it is not here: it cannot be sent; the name cannot be looked up.
  [[nodiscard]] protocol::Result<void> add(PooledCall& call);
  // Ends it, and what waits in it fails with `error`; the server has the oldest `sent`.
  void end(const protocol::Error& error, std::size_t sent);

 private:
  struct Entry {
    PooledCall* call;       // null: its reply is to be dropped
    SharedRequest request;  // null: not sent
    reactor::TimePoint deadline;
  };

  void cancel(PooledCall& call) override;
  void on_opened() override;
  void on_reply(Reply reply) override;
  void on_failed(Error error, std::size_t sent) override;
  void on_timer();

  [[nodiscard]] protocol::Result<void> connect();
  void on_looked_up(const reactor::Result<Endpoints>& found);
  void open(const Endpoints& endpoints);
  [[nodiscard]] protocol::Result<void> submit(Entry& entry);
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
  std::optional<Channel> channel_;
  reactor::Timer timer_;  // see watch()
};

}  // namespace appd::clients
