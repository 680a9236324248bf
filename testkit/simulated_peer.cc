#include "appd/testkit/simulated_peer.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <stdexcept>
#include <utility>

#include "appd/reactor/sim/host.h"
#include "appd/reactor/sim/wire.h"

namespace appd::test {

using reactor::IoOutcome;
using reactor::TimePoint;
using reactor::sim::SimTransport;
using reactor::sim::Wire;

// Takes turns of its own in the world.
class SimulatedPeer::Talk final : public reactor::sim::Actor {
 public:
  Talk(reactor::sim::Host& host, const reactor::Endpoint& server) : world_(host.world()) {
    auto connected = host.connect(server);
    if (!connected) throw std::invalid_argument(connected.error().message);
    transport_ = connected->release();
    wire_ = dynamic_cast<SimTransport&>(*transport_).wire();
    world_.add(*this);
  }
  ~Talk() { world_.remove(*this); }
  Talk(const Talk&) = delete;
  Talk& operator=(const Talk&) = delete;

  bool due() const override {
    if (over()) return false;
    const Wire::End& end = wire_->end(Wire::kClient);
    return end.error || (wire_->established() && (may_send() || wire_->readable(Wire::kClient)));
  }
  std::optional<TimePoint> wakes_at() const override { return std::nullopt; }
  void turn() override {
    if (may_send()) send_some();
    if (wire_->end(Wire::kClient).error || wire_->readable(Wire::kClient)) read_some();
  }

  void send(std::string_view bytes) { unsent_ += bytes; }
  void end() { ends_ = true; }
  void reset() {
    dynamic_cast<SimTransport&>(*transport_).reset();
    broken_ = true;
  }
  bool ended() const { return ended_; }
  bool broken() const { return broken_; }

  std::string receive(std::size_t bytes) {
    while (received_.size() < bytes && !over() && world_.step()) {
    }
    return take(std::min(bytes, received_.size()));
  }
  std::string receive_until(std::string_view delimiter) {
    std::size_t found = received_.find(delimiter);
    while (found == std::string::npos && !over() && world_.step())
      found = received_.find(delimiter);
    if (found == std::string::npos) return take(received_.size());
    std::string before = take(found);
    received_.erase(0, delimiter.size());
    return before;
  }

 private:
  bool over() const { return ended_ || broken_; }
  bool may_send() const { return (!unsent_.empty() || ends_) && wire_->writable(Wire::kClient); }

  void send_some() {
    if (unsent_.empty()) {
      ends_ = false;
      static_cast<void>(transport_->shutdown_write());
      return;
    }
    const auto result = transport_->write(std::as_bytes(std::span(unsent_)), {});
    if (result.outcome == IoOutcome::kBytes) unsent_.erase(0, result.bytes);
    if (result.outcome == IoOutcome::kError)
      unsent_.clear();  // what came before is still to be read
  }

  void read_some() {
    std::array<std::byte, 16 * 1024> room;
    const auto result = transport_->read(room);
    if (result.outcome == IoOutcome::kEnd) ended_ = true;
    if (result.outcome == IoOutcome::kError) broken_ = true;
    received_.append(reinterpret_cast<const char*>(room.data()), result.bytes);
  }

  std::string take(std::size_t bytes) {
    std::string taken = received_.substr(0, bytes);
    received_.erase(0, bytes);
    return taken;
  }

  reactor::sim::World& world_;
  std::unique_ptr<reactor::Transport> transport_;
  std::shared_ptr<Wire> wire_;
  std::string unsent_;
  bool ends_ = false;  // behind what is unsent
  std::string received_;
  bool ended_ = false;
  bool broken_ = false;
};

SimulatedPeer::SimulatedPeer(reactor::sim::Host& host, const reactor::Endpoint& server)
    : talk_(std::make_unique<Talk>(host, server)) {}
SimulatedPeer::SimulatedPeer(SimulatedPeer&&) noexcept = default;
SimulatedPeer::~SimulatedPeer() = default;

void SimulatedPeer::send(std::string_view bytes) { talk_->send(bytes); }
void SimulatedPeer::end() { talk_->end(); }
void SimulatedPeer::reset() { talk_->reset(); }
std::string SimulatedPeer::receive(std::size_t bytes) { return talk_->receive(bytes); }
std::string SimulatedPeer::receive_until(std::string_view delimiter) {
  return talk_->receive_until(delimiter);
}
bool SimulatedPeer::ended() const { return talk_->ended(); }
bool SimulatedPeer::broken() const { return talk_->broken(); }

}  // namespace appd::test
