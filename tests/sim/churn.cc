#include "tests/sim/churn.h"

#include "appd/reactor/sim/wire.h"

namespace appd::testing {
namespace {

constexpr std::size_t kSinks = 12;
constexpr std::uint64_t kEvents = 400;
constexpr auto kStir = std::chrono::milliseconds(3);

reactor::Backend churn_backend(reactor::sim::World& world, reactor::sim::Host& host,
                               reactor::sim::SimPoller*& poller) {
  auto made = std::make_unique<reactor::sim::SimPoller>(host);
  poller = made.get();
  return {std::move(made), &host, &world.clock()};
}

}  // namespace

// One end of a wire whose other end lies in the same loop.
class Churn::Sink final : public reactor::EventSink {
 public:
  Sink(Churn& churn, std::unique_ptr<reactor::sim::SimTransport> transport)
      : churn_(churn),
        transport_(std::move(transport)),
        registration_(churn.loop_.watch(transport_->descriptor(), *this)) {
    if (!registration_.set_interest(reactor::Interest::kRead)) {
      churn.world_.violate("a watch was refused");
    }
  }

  void on_ready(reactor::Ready /*ready*/) override { churn_.on_event(*this); }
  reactor::sim::SimTransport& transport() { return *transport_; }
  // The number is free from here on.
  void close() {
    registration_.reset();
    transport_.reset();
  }

 private:
  Churn& churn_;
  std::unique_ptr<reactor::sim::SimTransport> transport_;
  reactor::Registration registration_;
};

Churn::Churn(reactor::sim::World& world)
    : world_(world),
      host_(world, {.address = "10.9.0.1", .suffers = false}),
      loop_(churn_backend(world, host_, poller_)),
      actor_(loop_, *poller_) {
  for (std::size_t i = 0; i < kSinks; i += 2) open_pair();
  stir();
}

Churn::~Churn() = default;

void Churn::open_pair() {
  auto pair = reactor::sim::make_wire_pair(host_, host_, 4096);
  sinks_.push_back(std::make_unique<Sink>(*this, std::move(pair.client)));
  sinks_.push_back(std::make_unique<Sink>(*this, std::move(pair.server)));
}

bool Churn::done() const { return events_ >= kEvents; }

// Bytes for several at once, so that one wait reports them together.
void Churn::stir() {
  if (done()) return;
  constexpr std::byte kByte{1};
  for (const auto& sink : sinks_) {
    if (world_.random().below(2) == 0) (void)sink->transport().write({&kByte, 1}, {});
  }
  world_.after(kStir, [this] { stir(); });
}

void Churn::on_event(Sink& sink) {
  ++events_;
  if (!poller_->reported(sink.transport().source_serial())) {
    world_.violate("an event reached the new owner of a slot");
    return;
  }
  host_.count_progress();
  std::array<std::byte, 64> room;
  (void)sink.transport().read(room);
  if (done()) {
    if (!loop_.post([this] { sinks_.clear(); })) world_.violate("post() was refused");
    return;
  }
  // Somebody else goes, perhaps with an event in this very batch, and others come in its place.
  const std::size_t victim = world_.random().below(sinks_.size());
  if (sinks_[victim].get() == &sink) return;
  sinks_[victim]->close();
  removed_.push_back(std::move(sinks_[victim]));
  sinks_.erase(sinks_.begin() + static_cast<std::ptrdiff_t>(victim));
  if (sinks_.size() < kSinks) open_pair();
  if (removed_.size() > kSinks) {
    if (!loop_.post([this] { removed_.clear(); })) world_.violate("post() was refused");
  }
}

}  // namespace appd::testing
