// Runs a load: opens the connections, warms up, measures for the length of a window, and waits for
// what has no reply yet.
//
// Latency of a closed loop counts from the moment a request is handed to the connection. Of an open
// loop it counts from the moment it was *due*: one that could not be sent because all connections
// waited for a server that had stopped has waited as well, and its wait is counted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "appd/clients/client_error.h"
#include "appd/clients/load/load_lane.h"
#include "appd/clients/load/load_result.h"
#include "appd/clients/load/load_schedule.h"

namespace appd::clients {

class LoadObserver {
 public:
  virtual void on_window_begin() = 0;
  virtual void on_window_end() = 0;

 protected:
  ~LoadObserver() = default;
};

class LoadRun final : private LoadLaneDelegate {
 public:
  // All outlive the run; `loop` has nothing else to do.
  LoadRun(reactor::EventLoop& loop, const LoadPlan& plan, LoadObserver& observer);
  ~LoadRun();

  // Turns the loop until all is done. Once. Errors: kCannotConnect, kTimeout for a first connection
  // that cannot be had; everything later is counted in the result.
  [[nodiscard]] Result<LoadResult> run();

 private:
  enum class Phase : std::uint8_t {
    kOpening,    // not all first connections are there
    kWarmup,     // requests, none of which counts in a closed loop
    kMeasuring,  // the window
    kFinishing,  // what is under way may still end; an open loop sends what is due
    kDone,
  };

  void on_good(reactor::TimePoint begin, std::size_t count) override;
  void on_failed(reactor::TimePoint begin, std::size_t count, Failure how,
                 const std::string& why) override;
  void on_fault(const std::string& why) override;
  void on_room(LoadLane& lane) override;
  void on_open_failed(const reactor::Error& error) override;

  void begin();
  void begin_window();
  void end_window();
  void give_up();
  void on_phase_over();
  void on_check();
  void use_room(LoadLane& lane);
  void send_due();
  void finish_if_done();
  void turn();
  void record(reactor::TimePoint begin, std::size_t count);

  reactor::EventLoop& loop_;
  const LoadPlan& plan_;
  LoadObserver& observer_;
  LoadContext context_;
  Phase phase_ = Phase::kOpening;
  std::size_t opened_ = 0;
  std::uint64_t under_way_ = 0;
  LoadSchedule schedule_;          // open loop
  std::deque<LoadLane*> roomy_;    // open loop: lanes with room, each once
  bool waiting_for_room_ = false;  // open loop: something is due, and no lane has room
  reactor::TimePoint window_begin_{};
  reactor::TimePoint last_end_{};  // of a request that counts
  std::clock_t cpu_at_begin_ = 0;
  reactor::Duration idle_{};  // turns of the window that spun and found nothing
  bool worked_ = false;       // this turn did something
  LoadResult result_;
  std::optional<Error> failure_;
  reactor::Timer phase_timer_;
  reactor::Timer check_timer_;
  reactor::Timer send_timer_;
  std::vector<std::unique_ptr<LoadLane>> lanes_;  // last: they go before what they use
};

}  // namespace appd::clients
