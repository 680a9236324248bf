// One conversation in a simulated world that the input chooses; its far end is the fuzzer's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "appd/reactor/sim/wire.h"
#include "appd/reactor/sim/world.h"
#include "tests/fuzz/support/fuzz_input.h"

namespace appd::fuzz {

// What an input chooses of its world. By default nothing befalls anybody, and nothing is cut.
struct WorldChoice {
  std::uint64_t seed = 0;
  reactor::sim::Faults faults;
  reactor::sim::Ways ways = reactor::sim::kDirectWays;
};

// From four bytes of the input; zeros choose a world without misfortunes, but with ways. They are
// short: however an input cuts its bytes, they arrive before any time limit of a session.
[[nodiscard]] WorldChoice take_world(FuzzInput& input);
void apply(const WorldChoice& choice, reactor::sim::World& world);

// Steps until `done` says so. Ends the program when the world stands still before, does not come to
// an end, or an invariant of it is broken.
void run_world(reactor::sim::World& world, const std::function<bool()>& done);

// Longer ones are cut: what follows would be too late for a time limit.
inline constexpr std::size_t kMaxStreamBytes = 4096;

// Sends a stream in pieces, collects what comes.
class FarEnd final : public reactor::sim::Actor {
 public:
  enum class End : std::uint8_t {
    kFinish,  // ends its sending side and reads on
    kStay,    // waits until the other side closes
    kReset,
    kLeave,  // closes, whatever there is to read
  };
  struct Plan {
    std::string_view stream;  // outlives the far end
    std::uint32_t slicing = 0;
    bool hurries = false;     // pieces follow each other at once, and may arrive as one
    bool reads_late = false;  // not before the other side takes no more, or all is sent
    End end = End::kFinish;
  };

  // `transport`: of a world; its connect may be under way.
  FarEnd(reactor::sim::World& world, std::unique_ptr<reactor::Transport> transport,
         reactor::sim::Wire::Side side, const Plan& plan);
  ~FarEnd();
  FarEnd(const FarEnd&) = delete;
  FarEnd& operator=(const FarEnd&) = delete;

  [[nodiscard]] bool due() const override { return !done() && (may_send() || may_read()); }
  [[nodiscard]] std::optional<reactor::TimePoint> wakes_at() const override;
  void turn() override;

  // Sends no more.
  [[nodiscard]] bool said_all() const { return broken_ || sending_ended_; }
  // Said all, and read an end, an orderly one or not.
  [[nodiscard]] bool done() const { return broken_ || left_ || (sending_ended_ && ended_); }
  void leave();
  [[nodiscard]] const std::string& received() const { return received_; }
  // An orderly end was read.
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const reactor::sim::Wire& wire() const { return *wire_; }

 private:
  [[nodiscard]] bool all_sent() const { return rest_.empty() && piece_.empty(); }
  [[nodiscard]] bool may_send() const;
  [[nodiscard]] bool reads() const;
  [[nodiscard]] bool may_read() const { return reads() && !ended_ && wire_->readable(side_); }
  void send_some();
  void end_sending();
  void read_all();

  reactor::sim::World& world_;
  std::unique_ptr<reactor::Transport> transport_;
  const std::shared_ptr<reactor::sim::Wire> wire_;
  const reactor::sim::Wire::Side side_;
  const Plan plan_;
  Pieces pieces_;
  std::string_view rest_;   // of the stream, behind the piece
  std::string_view piece_;  // what is left of it
  reactor::TimePoint last_sent_;
  bool reads_;
  bool sending_ended_ = false;
  std::string received_;
  bool ended_ = false;
  bool broken_ = false;
  bool left_ = false;
};

}  // namespace appd::fuzz
