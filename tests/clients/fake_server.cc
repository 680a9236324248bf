#include "tests/clients/fake_server.h"

#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/message_decoder.h"

namespace appd::testing {
namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace

FakePeer::FakePeer(FakeServer& server, reactor::EventLoop& loop, reactor::AnyTransport transport,
                   std::size_t place)
    : number(place),
      server_(server),
      drip_timer_(reactor::Timer::calling<&FakePeer::on_drip>(loop.timers(), *this)),
      connection_context_{loop, server.options_},
      connection_(connection_context_, std::move(transport), *this) {}

void FakePeer::send(std::string_view bytes) { connection_.send(bytes_of(bytes)); }

void FakePeer::drip(std::string_view bytes) {
  dripping_.insert(dripping_.end(), bytes.begin(), bytes.end());
  drip_timer_.arm(connection_.loop().now() + std::chrono::microseconds(1));
}

void FakePeer::on_drip() {
  const char next = dripping_.front();
  dripping_.pop_front();
  send({&next, 1});
  if (!dripping_.empty()) {
    drip_timer_.arm(connection_.loop().now() + std::chrono::microseconds(1));
  }
}

std::string FakePeer::take_message() {
  protocol::DecodeContext context;
  const protocol::DecodeLimits limits{.max_content = 1 << 30};
  protocol::MessageDecoder decoder(context, limits);
  const auto event = decoder.next(bytes_of(received));
  if (!event || event->kind != protocol::DecodeEvent::Kind::kMessage) return {};
  std::string taken = received.substr(0, event->bytes);
  received.erase(0, event->bytes);
  return taken;
}

reactor::Consumed FakePeer::on_bytes(std::span<const std::byte> bytes) {
  received.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  server_.behaviour_(*this);
  return {bytes.size(), 0};
}

void FakePeer::on_closed(std::error_code /*reason*/) {
  if (on_gone) on_gone();
  auto& peers = server_.peers_;
  const auto self = std::find_if(peers.begin(), peers.end(),
                                 [this](const auto& peer) { return peer.get() == this; });
  connection_.loop().retire(std::move(*self));
  peers.erase(self);
}

FakeServer::FakeServer(reactor::EventLoop& loop, Behaviour behaviour, Behaviour on_accept)
    : loop_(loop), behaviour_(std::move(behaviour)), on_accept_(std::move(on_accept)) {
  options_.write_high_watermark = 64 * 1024;
  auto socket = loop.network().listen(reactor::Endpoint::ip("127.0.0.1", 0).value(), {});
  listener_ = std::make_unique<reactor::Listener>(loop, std::move(socket.value()),
                                                  static_cast<reactor::ListenerDelegate&>(*this));
  if (auto done = listener_->start(); !done) throw std::runtime_error(done.error().message);
}

FakeServer::~FakeServer() = default;

void FakeServer::on_accept(reactor::AnyTransport transport) {
  peers_.push_back(std::make_unique<FakePeer>(*this, loop_, std::move(transport), accepted_++));
  FakePeer& peer = *peers_.back();
  if (on_accept_) on_accept_(peer);
  peer.start();
}

FakeServerThread::FakeServerThread(FakeServer::Behaviour behaviour, FakeServer::Behaviour on_accept)
    : loop_(std::make_unique<reactor::EventLoop>(reactor::system_backend().value())),
      server_(std::make_unique<FakeServer>(*loop_, std::move(behaviour), std::move(on_accept))),
      thread_([this] { loop_->run(); }) {}

FakeServerThread::~FakeServerThread() {
  stop();
  server_.reset();
}

void FakeServerThread::stop() {
  if (!thread_.joinable()) return;
  loop_->stop();
  thread_.join();
}

protocol::Address FakeServerThread::address(protocol::Protocol protocol) const {
  protocol::Address address;
  address.protocol = protocol;
  address.host = "127.0.0.1";
  address.port = server_->endpoint().port();
  return address;
}

std::string FakeServerThread::app_address() const {
  return address(protocol::Protocol::kApp).to_string();
}

std::string message(std::string_view content, std::string_view more_fields,
                    std::string_view content_type, std::string_view content_encoding) {
  std::string header = R"({"byteorder": ")";
  header += protocol::byte_order_name(protocol::kNativeByteOrder);
  header += R"(", "content-type": ")" + std::string(content_type);
  header += R"(", "content-encoding": ")" + std::string(content_encoding);
  header += R"(", "content-length": )" + std::to_string(content.size());
  if (!more_fields.empty()) header += ", " + std::string(more_fields);
  header += '}';
  std::string out{static_cast<char>(header.size() >> 8), static_cast<char>(header.size() & 0xff)};
  return out + header + std::string(content);
}

}  // namespace appd::testing
