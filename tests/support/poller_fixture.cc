#include "tests/support/poller_fixture.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace appd::testing {

using reactor::AcceptOutcome;
using reactor::Descriptor;
using reactor::Duration;
using reactor::Endpoint;
using reactor::Interest;
using reactor::IoOutcome;
using reactor::IoResult;
using reactor::ReadyEvent;
using reactor::Token;
using reactor::Transport;

namespace {

constexpr Duration kPatience = std::chrono::seconds(10);
constexpr Token kHelperToken{7, 7};

template <class T>
T require(reactor::Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  return std::move(*result);
}

[[noreturn]] void fail_with(const char* what, const IoResult& result) {
  throw std::runtime_error(std::string(what) + ": outcome " +
                           std::to_string(static_cast<int>(result.outcome)) + ", " +
                           result.error.message());
}

}  // namespace

Endpoint loopback(std::uint16_t port) { return require(Endpoint::ip("127.0.0.1", port)); }

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  std::uint32_t state = 1;
  for (char& c : text) {
    state = state * 1664525 + 1013904223;
    c = static_cast<char>(state >> 24);
  }
  return text;
}

std::vector<ReadyEvent> PollerFixture::wait(std::optional<Duration> timeout, std::size_t room) {
  std::vector<ReadyEvent> events(room);
  events.resize(require(poller().wait(timeout, events)));
  return events;
}

ReadyEvent PollerFixture::wait_for(Token token) {
  const auto deadline = clock().now() + kPatience;
  while (clock().now() < deadline) {
    for (const ReadyEvent& event : wait(deadline - clock().now())) {
      if (event.token == token) return event;
    }
  }
  throw std::runtime_error("the poller does not report the token");
}

void PollerFixture::until_ready(Descriptor fd, Interest interest) {
  reactor::Poller& helper = *helper_.poller;
  if (auto added = helper.add(fd, interest, kHelperToken); !added) {
    throw std::runtime_error(added.error().message);
  }
  const auto deadline = clock().now() + kPatience;
  std::size_t count = 0;
  while (count == 0 && clock().now() < deadline) {
    std::array<ReadyEvent, 1> events;
    count = require(helper.wait(deadline - clock().now(), events));
  }
  helper.remove(fd, interest);
  if (count == 0) throw std::runtime_error("the descriptor does not become ready");
}

std::unique_ptr<reactor::ListeningSocket> PollerFixture::listen(
    const Endpoint& endpoint, const reactor::ListenOptions& options) {
  return require(network().listen(endpoint, options));
}

std::unique_ptr<Transport> PollerFixture::connect(const Endpoint& endpoint) {
  return require(network().connect(endpoint)).release();
}

std::unique_ptr<Transport> PollerFixture::accept(reactor::ListeningSocket& listener) {
  for (;;) {
    auto result = listener.accept();
    if (result.outcome == AcceptOutcome::kAccepted) return result.transport.release();
    if (result.outcome == AcceptOutcome::kExhausted) {
      throw std::runtime_error(result.error.message());
    }
    until_ready(listener.descriptor(), Interest::kRead);
  }
}

TransportPair PollerFixture::pair(reactor::ListeningSocket& listener) {
  auto client = connect(listener.local_endpoint());
  auto server = accept(listener);
  until_ready(client->descriptor(), Interest::kWrite);
  if (const auto error = client->connect_result()) throw std::runtime_error(error.message());
  return {std::move(client), std::move(server)};
}

TransportPair PollerFixture::pair(const Endpoint& endpoint) {
  const auto listener = listen(endpoint);
  return pair(*listener);
}

void PollerFixture::write_all(Transport& transport, std::string_view text) {
  while (!text.empty()) {
    const IoResult result = transport.write(as_bytes(text), {});
    if (result.outcome == IoOutcome::kBytes) {
      text.remove_prefix(result.bytes);
    } else if (result.outcome == IoOutcome::kWouldBlock) {
      until_ready(transport.descriptor(), result.wants);
    } else {
      fail_with("write", result);
    }
  }
}

IoResult PollerFixture::read_when_ready(Transport& transport, std::span<std::byte> into) {
  for (;;) {
    IoResult result = transport.read(into);
    if (result.outcome != IoOutcome::kWouldBlock) return result;
    until_ready(transport.descriptor(), result.wants);
  }
}

std::string PollerFixture::read_exactly(Transport& transport, std::size_t size) {
  std::string text(size, '\0');
  std::size_t filled = 0;
  while (filled < size) {
    const auto rest = std::as_writable_bytes(std::span(text)).subspan(filled);
    const IoResult result = read_when_ready(transport, rest);
    if (result.outcome != IoOutcome::kBytes) fail_with("read", result);
    filled += result.bytes;
  }
  return text;
}

std::string PollerFixture::read_all(Transport& transport) {
  std::string text;
  std::array<char, 4096> piece;
  for (;;) {
    const IoResult result = read_when_ready(transport, std::as_writable_bytes(std::span(piece)));
    if (result.outcome == IoOutcome::kEnd) return text;
    if (result.outcome != IoOutcome::kBytes) fail_with("read", result);
    text.append(piece.data(), result.bytes);
  }
}

IoResult PollerFixture::write_until_blocked(Transport& transport, std::size_t& sent) {
  const std::string chunk(256 * 1024, '.');
  for (;;) {
    const IoResult result = transport.write(as_bytes(chunk), {});
    if (result.outcome != IoOutcome::kBytes) return result;
    sent += result.bytes;
  }
}

std::size_t PollerFixture::fill(Transport& transport, Token token) {
  std::size_t sent = 0;
  constexpr int kMostLooks = 200;
  for (int look = 0; look < kMostLooks; ++look) {
    const IoResult result = write_until_blocked(transport, sent);
    if (result.outcome != IoOutcome::kWouldBlock) fail_with("write", result);
    const auto events = wait(std::chrono::milliseconds(1));
    const bool reported = std::any_of(events.begin(), events.end(), [&](const ReadyEvent& event) {
      return event.token == token && event.writable;
    });
    if (!reported) return sent;
  }
  throw std::runtime_error("the poller always reports a full stream as writable");
}

}  // namespace appd::testing
