// A place for requests of a load: one connection at a time, opened again when it ends (at each
// request for a one-shot load, else only when it broke). The loop's thread only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "appd/clients/load/load_connection.h"
#include "appd/reactor/connector.h"

namespace appd::clients {

class LoadLane;

// How a request failed.
enum class Failure : std::uint8_t {
  kWrongReply,  // a whole reply, but not the right one
  kBroken,      // no connection, or it ended too early
  kTimeout,     // no reply in time, or given up at the end of the run
};

class LoadLaneDelegate {
 public:
  // `count` requests that were sent with this `begin` are answered as they must be; the loop's time
  // is now. No sending from within.
  virtual void on_good(reactor::TimePoint begin, std::size_t count) = 0;
  // Likewise `count` that ended otherwise, and why.
  virtual void on_failed(reactor::TimePoint begin, std::size_t count, Failure how,
                         const std::string& why) = 0;
  // The connection broke, or the server said what nobody had asked for, with no request under way.
  virtual void on_fault(const std::string& why) = 0;
  // The lane may have room; may send.
  virtual void on_room(LoadLane& lane) = 0;
  // The connection that open() asked for cannot be had. The lane is of no further use.
  virtual void on_open_failed(const reactor::Error& error) = 0;

 protected:
  ~LoadLaneDelegate() = default;
};

class LoadLane final : private reactor::ConnectorDelegate, private LoadConnectionDelegate {
 public:
  // `context` and `delegate` outlive the lane.
  LoadLane(reactor::EventLoop& loop, LoadContext& context, LoadLaneDelegate& delegate);
  ~LoadLane();

  // Not one-shot: connects; on_room() or on_open_failed() follows. Once, before all else.
  void open();
  // Requests that send() takes now.
  [[nodiscard]] std::size_t room() const;
  // `count` is at most room(). `begin`: from when on latency counts.
  void send(std::size_t count, reactor::TimePoint begin);
  // Nothing came, and the server took nothing, for the plan's time-out although something is under
  // way: gives that up.
  void check_progress();
  // Ends every request under way as kTimeout.
  void give_up();

  bool in_queue = false;  // the owner's own note

 private:
  enum class State : std::uint8_t {
    kIdle,        // one-shot: no request
    kOpening,     // open()'s connection is being made
    kConnecting,  // a further one, or that of a one-shot request
    kConnected,   // connection_ is there
    kPausing,     // behind a failure, before the next attempt
  };

  void on_connected(reactor::AnyTransport transport) override;
  void on_connect_failed(reactor::Error error) override;
  void on_replies(reactor::TimePoint begin, std::size_t count) override;
  void on_wrong_reply(reactor::TimePoint begin, const std::string& what) override;
  void on_replies_taken() override;
  void on_ended(const std::string& why) override;
  void on_pause_over();
  void connect(State state);
  void fail_requests(Failure how, const std::string& why);
  void drop_connection();
  void pause();

  reactor::EventLoop& loop_;
  LoadContext& context_;
  LoadLaneDelegate& delegate_;
  State state_ = State::kIdle;
  reactor::TimePoint begin_{};     // of the one-shot request that waits for its connection
  reactor::TimePoint progress_{};  // when something came, or was first sent
  reactor::Connector connector_;
  std::unique_ptr<LoadConnection> connection_;
  reactor::Timer pause_;
};

}  // namespace appd::clients
