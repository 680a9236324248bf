// The contract of reactor/poller.h.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <set>
#include <thread>

#include "tested_backends.h"

namespace appd::testing {
namespace {

using namespace std::chrono_literals;
using reactor::Duration;
using reactor::Interest;
using reactor::IoOutcome;
using reactor::ReadyEvent;
using reactor::Token;

constexpr Token kToken{3, 9};
constexpr Token kOther{4, 1};

template <class Tested>
void add(Contract<Tested>& c, reactor::Descriptor fd, Interest interest, Token token = kToken) {
  const auto added = c.poller().add(fd, interest, token);
  REQUIRE_MESSAGE(added.has_value(), added.error().message);
}

template <class Tested>
bool reported(Contract<Tested>& c, Token token) {
  const auto events = c.wait(Duration::zero());
  return std::any_of(events.begin(), events.end(),
                     [&](const ReadyEvent& event) { return event.token == token; });
}

CONTRACT_CASE("poller: each wait reports a descriptor that stays readable") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  c.write_all(*client, "four");
  add(c, server->descriptor(), Interest::kRead);
  for (int i = 0; i < 3; ++i) CHECK(c.wait_for(kToken).readable);
  CHECK(c.read_exactly(*server, 2) == "fo");
  CHECK(c.wait_for(kToken).readable);
  CHECK(c.read_exactly(*server, 2) == "ur");
  CHECK_FALSE(reported(c, kToken));
  c.poller().remove(server->descriptor(), Interest::kRead);
}

CONTRACT_CASE("poller: a quiet descriptor is not readable") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  add(c, server->descriptor(), Interest::kRead);
  CHECK(c.wait(Duration::zero()).empty());
  c.poller().remove(server->descriptor(), Interest::kRead);
}

CONTRACT_CASE("poller: the end of a stream is readable, and stays it") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  add(c, server->descriptor(), Interest::kRead);
  client.reset();
  for (int i = 0; i < 2; ++i) {
    CHECK(c.wait_for(kToken).readable);
    CHECK(c.read_all(*server).empty());
  }
  c.poller().remove(server->descriptor(), Interest::kRead);
}

CONTRACT_CASE("poller: data in front of an end is readable before the end is") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  c.write_all(*client, "last words");
  REQUIRE(client->shutdown_write().outcome == IoOutcome::kBytes);
  add(c, server->descriptor(), Interest::kRead);
  CHECK(c.wait_for(kToken).readable);
  CHECK(c.read_exactly(*server, 10) == "last words");
  CHECK(c.wait_for(kToken).readable);
  CHECK(c.read_all(*server).empty());
  c.poller().remove(server->descriptor(), Interest::kRead);
}

CONTRACT_CASE("poller: a full stream is not writable until the peer reads") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  add(c, client->descriptor(), Interest::kWrite);
  CHECK(c.wait_for(kToken).writable);
  const std::size_t sent = c.fill(*client, kToken);  // until it is not reported any more
  CHECK(c.read_exactly(*server, sent).size() == sent);
  CHECK(c.wait_for(kToken).writable);
  c.poller().remove(client->descriptor(), Interest::kWrite);
}

CONTRACT_CASE("poller: a finished connect is writable") {
  Contract<Tested> c;
  const auto listener = c.listen();
  const auto client = c.connect(listener->local_endpoint());
  add(c, client->descriptor(), Interest::kWrite);
  CHECK(c.wait_for(kToken).writable);
  CHECK_FALSE(client->connect_result());
  c.poller().remove(client->descriptor(), Interest::kWrite);
}

CONTRACT_CASE("poller: a listening socket with a connection is readable") {
  Contract<Tested> c;
  const auto listener = c.listen();
  add(c, listener->descriptor(), Interest::kRead);
  CHECK_FALSE(reported(c, kToken));
  const auto client = c.connect(listener->local_endpoint());
  CHECK(c.wait_for(kToken).readable);
  const auto server = c.accept(*listener);
  CHECK_FALSE(reported(c, kToken));
  c.poller().remove(listener->descriptor(), Interest::kRead);
}

CONTRACT_CASE("poller: both readinesses of a descriptor come in one event") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  c.write_all(*client, "x");
  c.until_ready(server->descriptor(), Interest::kRead);
  add(c, server->descriptor(), Interest::kReadWrite);
  const auto events = c.wait(10s);
  REQUIRE(events.size() == 1);
  CHECK(events[0].token == kToken);
  CHECK(events[0].readable);
  CHECK(events[0].writable);
  c.poller().remove(server->descriptor(), Interest::kReadWrite);
}

CONTRACT_CASE("poller: a readiness without an interest in it is not reported") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  c.write_all(*client, "x");
  c.until_ready(server->descriptor(), Interest::kRead);
  add(c, server->descriptor(), Interest::kWrite);
  const ReadyEvent write_only = c.wait_for(kToken);
  CHECK(write_only.writable);
  CHECK_FALSE(write_only.readable);
  c.poller().remove(server->descriptor(), Interest::kWrite);
  add(c, server->descriptor(), Interest::kRead);
  const ReadyEvent read_only = c.wait_for(kToken);
  CHECK(read_only.readable);
  CHECK_FALSE(read_only.writable);
  c.poller().remove(server->descriptor(), Interest::kRead);
}

CONTRACT_CASE("poller: modify changes the interest, each to each") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  c.write_all(*client, "x");
  c.until_ready(server->descriptor(), Interest::kRead);
  const std::array all{Interest::kRead, Interest::kWrite, Interest::kReadWrite};
  for (const Interest from : all) {
    for (const Interest to : all) {
      CAPTURE(static_cast<int>(from));
      CAPTURE(static_cast<int>(to));
      add(c, server->descriptor(), from);
      REQUIRE(c.poller().modify(server->descriptor(), from, to, kToken));
      const ReadyEvent event = c.wait_for(kToken);
      CHECK(event.readable == includes(to, Interest::kRead));
      CHECK(event.writable == includes(to, Interest::kWrite));
      c.poller().remove(server->descriptor(), to);
      CHECK_FALSE(reported(c, kToken));
    }
  }
}

CONTRACT_CASE("poller: modify keeps the token") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  add(c, server->descriptor(), Interest::kRead);
  REQUIRE(c.poller().modify(server->descriptor(), Interest::kRead, Interest::kWrite, kToken));
  const auto events = c.wait(10s);
  REQUIRE(events.size() == 1);
  CHECK(events[0].token == kToken);
  c.poller().remove(server->descriptor(), Interest::kWrite);
}

CONTRACT_CASE("poller: a token travels unchanged") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  for (const Token token : {Token{0, 0}, Token{UINT32_MAX, 0}, Token{0, UINT32_MAX},
                            Token{0x80000000, 0x7fffffff}, Token{0x12345678, 0x9abcdef0}}) {
    add(c, server->descriptor(), Interest::kReadWrite, token);
    CHECK(c.wait_for(token).writable);
    c.poller().remove(server->descriptor(), Interest::kReadWrite);
  }
}

CONTRACT_CASE("poller: a removed descriptor is not reported, whatever it was ready for") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  c.write_all(*client, "x");
  c.until_ready(server->descriptor(), Interest::kRead);
  for (const Interest interest : {Interest::kRead, Interest::kWrite, Interest::kReadWrite}) {
    add(c, server->descriptor(), interest);
    c.poller().remove(server->descriptor(), interest);
    CHECK(c.wait(Duration::zero()).empty());
  }
}

CONTRACT_CASE("poller: without an interest not even a reset is reported") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  add(c, server->descriptor(), Interest::kReadWrite);
  c.poller().remove(server->descriptor(), Interest::kReadWrite);
  Tested::reset(std::move(client));
  c.until_ready(server->descriptor(), Interest::kRead);
  CHECK(c.wait(Duration::zero()).empty());
}

CONTRACT_CASE("poller: a reset shows as readiness for every interest that is set") {
  Contract<Tested> c;
  for (const Interest interest : {Interest::kRead, Interest::kWrite, Interest::kReadWrite}) {
    CAPTURE(static_cast<int>(interest));
    auto [client, server] = c.pair();
    add(c, server->descriptor(), interest);
    c.fill(*server, kToken);  // else it would be writable anyway
    Tested::reset(std::move(client));
    const ReadyEvent event = c.wait_for(kToken);
    if (includes(interest, Interest::kRead)) CHECK(event.readable);
    if (includes(interest, Interest::kWrite)) CHECK(event.writable);
    c.poller().remove(server->descriptor(), interest);
  }
}

CONTRACT_CASE("poller: a refused connect shows as readiness for every interest that is set") {
  Contract<Tested> c;
  for (const Interest interest : {Interest::kRead, Interest::kWrite, Interest::kReadWrite}) {
    CAPTURE(static_cast<int>(interest));
    const auto nobody = c.listen()->local_endpoint();
    const auto client = c.connect(nobody);
    add(c, client->descriptor(), interest);
    const ReadyEvent event = c.wait_for(kToken);
    if (includes(interest, Interest::kRead)) CHECK(event.readable);
    if (includes(interest, Interest::kWrite)) CHECK(event.writable);
    CHECK(c.is_refusal(client->connect_result()));
    c.poller().remove(client->descriptor(), interest);
  }
}

CONTRACT_CASE("poller: what did not fit comes with the next calls, nothing starves") {
  Contract<Tested> c;
  const auto listener = c.listen();
  std::vector<TransportPair> pairs;
  for (std::uint32_t i = 0; i < 5; ++i) {
    pairs.push_back(c.pair(*listener));
    c.write_all(*pairs.back().client, "x");
    c.until_ready(pairs.back().server->descriptor(), Interest::kRead);
    add(c, pairs.back().server->descriptor(), Interest::kReadWrite, {i, 0});
  }
  for (const std::size_t room : {1u, 2u, 3u}) {
    CAPTURE(room);
    std::set<std::uint32_t> readable;
    std::set<std::uint32_t> writable;
    for (int call = 0; call < 40; ++call) {
      for (const ReadyEvent& event : c.wait(10s, room)) {
        if (event.readable) readable.insert(event.token.index);
        if (event.writable) writable.insert(event.token.index);
      }
    }
    CHECK(readable.size() == 5);
    if (room > 1 || Tested::is_exact()) CHECK(writable.size() == 5);
  }
  for (const auto& pair : pairs) c.poller().remove(pair.server->descriptor(), Interest::kReadWrite);
}

CONTRACT_CASE("poller: one wait reports a descriptor at most once, among many") {
  Contract<Tested> c;
  const auto listener = c.listen();
  constexpr std::uint32_t kCount = 100;
  std::vector<TransportPair> pairs;
  for (std::uint32_t i = 0; i < kCount; ++i) {
    pairs.push_back(c.pair(*listener));
    c.write_all(*pairs.back().client, "x");
    c.until_ready(pairs.back().server->descriptor(), Interest::kRead);
    add(c, pairs.back().server->descriptor(), Interest::kReadWrite, {i, i});
  }
  std::set<std::uint32_t> seen;
  const auto events = c.wait(10s, 256);
  for (const ReadyEvent& event : events) {
    CHECK(event.token.index == event.token.generation);
    CHECK(seen.insert(event.token.index).second);
    CHECK(event.readable);
    CHECK(event.writable);
  }
  CHECK(seen.size() == kCount);
  for (const auto& pair : pairs) c.poller().remove(pair.server->descriptor(), Interest::kReadWrite);
}

CONTRACT_CASE("poller: a number that comes back is watched anew") {
  Contract<Tested> c;
  const auto listener = c.listen();
  auto first = c.pair(*listener);
  c.write_all(*first.client, "x");
  add(c, first.server->descriptor(), Interest::kReadWrite);
  CHECK(c.wait_for(kToken).writable);
  c.poller().remove(first.server->descriptor(), Interest::kReadWrite);
  const auto number = first.server->descriptor();
  first.server.reset();
  auto second = c.pair(*listener);
  auto& reused = second.client->descriptor() == number ? second.client : second.server;
  REQUIRE(reused->descriptor() == number);
  add(c, number, Interest::kWrite, kOther);
  const auto events = c.wait(10s);
  REQUIRE(events.size() == 1);
  CHECK(events[0].token == kOther);
  CHECK_FALSE(events[0].readable);
  c.poller().remove(number, Interest::kWrite);
}

CONTRACT_CASE("poller: a descriptor that cannot be added is an error, and nothing else changes") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  const auto closed = server->descriptor();
  server.reset();
  const auto added = c.poller().add(closed, Interest::kReadWrite, kToken);
  REQUIRE_FALSE(added.has_value());
  CHECK(added.error().code == std::errc::bad_file_descriptor);
  CHECK(c.wait(Duration::zero()).empty());
}

CONTRACT_CASE("poller: a wait is never shorter than its timeout") {
  Contract<Tested> c;
  for (const Duration timeout : {Duration(1ns), Duration(1'000'001ns), Duration(2'999'999ns)}) {
    const auto begin = c.clock().now();
    CHECK(c.wait(timeout).empty());
    CHECK(c.clock().now() - begin >= timeout);
  }
}

CONTRACT_CASE("poller: the longest timeout does not overflow") {
  Contract<Tested> c;
  c.poller().wake();
  CHECK(c.wait(Duration::max()).empty());
  auto [client, server] = c.pair();
  add(c, server->descriptor(), Interest::kWrite);
  CHECK(c.wait(Duration::max()).size() == 1);
  c.poller().remove(server->descriptor(), Interest::kWrite);
}

CONTRACT_CASE("poller: a wake before a wait ends it, without an event") {
  Contract<Tested> c;
  c.poller().wake();
  CHECK(c.wait(std::nullopt).empty());
}

CONTRACT_CASE("poller: each wake counts, also behind one that was answered") {
  Contract<Tested> c;
  for (int i = 0; i < 3; ++i) {
    c.poller().wake();
    CHECK(c.wait(std::nullopt).empty());
  }
}

CONTRACT_CASE("poller: several wakes are answered by one return") {
  Contract<Tested> c;
  for (int i = 0; i < 3; ++i) c.poller().wake();
  CHECK(c.wait(std::nullopt).empty());
  const auto begin = c.clock().now();
  CHECK(c.wait(Duration(5ms)).empty());
  CHECK(c.clock().now() - begin >= 5ms);
}

CONTRACT_CASE("poller: any number of wakes fits") {
  Contract<Tested> c;
  for (int i = 0; i < 100'000; ++i) c.poller().wake();
  CHECK(c.wait(std::nullopt).empty());
  c.poller().wake();
  CHECK(c.wait(std::nullopt).empty());
}

CONTRACT_CASE("poller: a wake hides no event for longer than one call") {
  Contract<Tested> c;
  auto [client, server] = c.pair();
  add(c, server->descriptor(), Interest::kWrite);
  c.poller().wake();
  std::size_t count = c.wait(10s, 1).size();
  if (count == 0) count = c.wait(10s, 1).size();
  CHECK(count == 1);
  c.poller().remove(server->descriptor(), Interest::kWrite);
}

CONTRACT_CASE("poller: wake leaves errno alone") {
  Contract<Tested> c;
  for (int i = 0; i < 100'000; ++i) {
    errno = ERANGE;
    c.poller().wake();
    REQUIRE(errno == ERANGE);
  }
}

CONTRACT_CASE("poller: a wake from another thread ends a wait without limit") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    for (int i = 0; i < 50; ++i) {
      std::thread other([&] { c.poller().wake(); });
      CHECK(c.wait(std::nullopt).empty());
      other.join();
    }
  }
}

CONTRACT_CASE("poller: a signal ends a wait without an error") {
  if constexpr (Tested::kIsSystem) {
    Contract<Tested> c;
    struct sigaction before {};
    struct sigaction action {};
    action.sa_handler = [](int) {};
    REQUIRE(::sigaction(SIGUSR1, &action, &before) == 0);
    std::atomic<bool> done = false;
    // Again and again: the first may come before the wait.
    std::thread other([&, waiter = ::pthread_self()] {
      while (!done) {
        ::pthread_kill(waiter, SIGUSR1);
        std::this_thread::yield();
      }
    });
    CHECK(c.wait(std::nullopt).empty());
    done = true;
    other.join();
    ::sigaction(SIGUSR1, &before, nullptr);
  }
}

}  // namespace
}  // namespace appd::testing
