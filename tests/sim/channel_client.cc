#include "tests/sim/channel_client.h"

#include <memory>

namespace appd::testing {
namespace {

using protocol::Protocol;

// `poller` is set to what the backend owns.
reactor::Backend backend_of(reactor::sim::World& world, reactor::sim::Host& host,
                            reactor::sim::SimPoller*& poller) {
  auto made = std::make_unique<reactor::sim::SimPoller>(host);
  poller = made.get();
  return {std::move(made), &host, &world.clock()};
}

}  // namespace

ChannelClient::ChannelClient(reactor::sim::World& world, Plan plan)
    : world_(world),
      plan_(std::move(plan)),
      host_(world, {.address = plan_.address}),
      context_(1 << 24),
      loop_(backend_of(world, host_, poller_)),
      actor_(loop_, *poller_),
      channel_(loop_, context_, {plan_.server},
               {.session = {.protocol = plan_.protocol, .pipeline_depth = plan_.pipeline_depth},
                .server = "the server"},
               *this) {
  world_.at(plan_.begin, [this] { submit_later(); });
}

ChannelClient::~ChannelClient() { channel_.close(); }

// From another event of the world, as from another thread.
void ChannelClient::submit_later() {
  if (!loop_.post([this] { submit_some(); })) violate("post() was refused");
}

void ChannelClient::submit_some() {
  const std::uint64_t batch = 1 + world_.random().below(plan_.pipeline_depth);
  for (std::uint64_t i = 0; i < batch && submitted_ < plan_.calls && !done_; ++i) {
    auto encoded = clients::encode_request(request(submitted_++), plan_.protocol);
    channel_.submit(std::move(encoded.value()));
  }
}

clients::Request ChannelClient::request(std::uint64_t index) const {
  clients::Request made;
  const std::string text = "client " + std::to_string(plan_.number) + " call " +
                           std::to_string(index) + std::string(index * 37 % 600, '.');
  made.keep_alive = plan_.keep_alive;
  if (plan_.protocol != Protocol::kApp) {
    made.content_type = "text/plain";
    made.content = text;
  } else if (index % 3 == 0) {
    made.content =
        R"({"action": "double", "value": )" + std::to_string(plan_.number * 1000 + index) + "}";
  } else {
    made.content = R"({"action": "search", "value": ")" + text + "\"}";
  }
  if (plan_.protocol == Protocol::kApp) made.request_id = std::to_string(index);
  return made;
}

std::string ChannelClient::expected(std::uint64_t index) const {
  const clients::Request asked = request(index);
  if (plan_.protocol == Protocol::kRawEcho || plan_.protocol == Protocol::kMessageEcho) {
    return asked.content;
  }
  if (plan_.protocol == Protocol::kFramedEcho) return asked.content;
  if (index % 3 == 0) {
    return R"({"result": )" + std::to_string(2 * (plan_.number * 1000 + index)) + "}";
  }
  const std::size_t begin = asked.content.find("client");
  const std::string text = asked.content.substr(begin, asked.content.size() - begin - 2);
  return R"({"result": "No match for \")" + text + R"(\"."})";
}

void ChannelClient::on_reply(clients::Reply reply) {
  const std::uint64_t index = replies_++;
  world_.note("client-reply", plan_.number, index);
  if (reply.content != expected(index)) {
    // `internal` where the server's program found no memory for it.
    if (!excused_ && host_.misfortunes() == 0)
      violate("reply " + std::to_string(index) + " is wrong: " + reply.content);
    done_ = true;
  }
  if (plan_.protocol == Protocol::kApp && reply.request_id != std::to_string(index) && !done_) {
    violate("reply " + std::to_string(index) + " has the id " + reply.request_id);
  }
  if (replies_ == plan_.calls) {
    done_ = true;
    channel_.close();
  } else if (channel_.unanswered() == 0 && !done_) {
    const auto think = std::chrono::milliseconds(world_.random().below(3000));
    world_.after(world_.random().below(4) == 0 ? think * 10 : think, [this] { submit_later(); });
  }
}

void ChannelClient::on_failed(clients::Error error, std::size_t /*sent*/) {
  world_.note("client-failed", plan_.number, replies_);
  done_ = true;
  if (excused_ || host_.misfortunes() > 0 || world_.jumped() > reactor::Duration::zero()) return;
  violate(error.message);
}

void ChannelClient::violate(const std::string& what) {
  world_.violate("client " + std::to_string(plan_.number) + " (" + plan_.protocol.name +
                 "): " + what);
}

}  // namespace appd::testing
