#include "connection_fixture.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using testing::ConnectionFixture;
using testing::text_of;
using testing::would_block;
using StopNotice = ConnectionDelegate::StopNotice;

TEST_CASE_FIXTURE(ConnectionFixture, "connection: start() reads what is already there") {
  auto a = link();
  a->peer.send("hello");
  a->connection->start();
  CHECK(a->delegate.received == "hello");
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: what is not consumed is kept and shown with more behind") {
  auto a = link();
  a->delegate.bytes = [](auto bytes) { return Consumed{.bytes = bytes.size() < 6 ? 1u : 6u}; };
  a->connection->start();
  a->peer.send("abc");
  settle();
  CHECK(a->connection->kept_bytes() == 2);
  a->peer.send("defgh");
  settle();
  CHECK(a->delegate.shown == std::vector<std::string>{"abc", "bcdefgh"});
  CHECK(a->delegate.received == "abcdefg");
  CHECK(a->connection->kept_bytes() == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: is silent until so many are there as wanted") {
  auto a = link();
  a->delegate.bytes = [](auto bytes) {
    return bytes.size() < 5 ? Consumed{.wanted = 5} : Consumed{.bytes = 5};
  };
  a->connection->start();
  for (const char* piece : {"a", "b", "c", "d", "e"}) {
    a->peer.send(piece);
    settle();
  }
  CHECK(a->delegate.shown == std::vector<std::string>{"a", "abcde"});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: wanted counts from the first byte not consumed") {
  auto a = link();
  a->delegate.bytes = [first = true](auto bytes) mutable {
    return std::exchange(first, false) ? Consumed{.bytes = 2, .wanted = 3}
                                       : Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  a->peer.send("abc");
  settle();
  a->peer.send("d");
  settle();
  CHECK(a->delegate.shown.size() == 1);
  a->peer.send("e");
  settle();
  CHECK(a->delegate.shown == std::vector<std::string>{"abc", "cde"});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: an idle one holds no buffer") {
  auto a = link();
  a->connection->start();
  a->peer.send("hello");
  settle();
  CHECK(budget.used() == 0);
}

// Sends `text` as the pipe takes it.
void send_all(ConnectionFixture& fixture, testing::Link& link, std::string_view text) {
  while (!text.empty()) {
    text = link.peer.send_some(text);
    fixture.settle();
  }
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a large message is received in its place") {
  constexpr std::size_t kMessage = 4 * 1024 * 1024;
  auto a = link();
  a->delegate.bytes = [](auto bytes) {
    return bytes.size() < kMessage ? Consumed{.wanted = kMessage} : Consumed{.bytes = kMessage};
  };
  a->connection->start();
  const std::string message(kMessage, 'x');
  send_all(*this, *a, message);
  CHECK(a->delegate.received == message);
  CHECK(a->delegate.shown.size() == 2);
  CHECK(budget.used() == 0);

  // Only the first read, which nobody could know about, went through the loop's buffer.
  std::size_t through_the_loop = 0;
  for (const std::byte* into : a->script.read_into) {
    through_the_loop += into == loop.read_buffer().data() ? 1 : 0;
  }
  a->connection.reset();
  CHECK(through_the_loop <= 2);  // the second one found the first of what comes behind the message
  CHECK(a->script.read_into.size() <= kMessage / (64 * 1024) + 4);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a large message is taken with its memory") {
  constexpr std::size_t kMessage = 1024 * 1024;
  auto a = link();
  Buffer taken;
  std::size_t kept_then = 1;
  const std::byte* shown_at = nullptr;
  a->delegate.bytes = [&](auto bytes) {
    if (bytes.size() < kMessage) return Consumed{.wanted = kMessage};
    shown_at = bytes.data();
    taken = a->connection->take_shown(bytes);
    kept_then = a->connection->kept_bytes();
    return Consumed{.bytes = kMessage};
  };
  a->connection->start();
  const std::string message(kMessage, 'x');
  send_all(*this, *a, message);
  CHECK(text_of(taken.bytes()) == message);
  CHECK(taken.bytes().data() == shown_at);
  CHECK(kept_then == 0);
  CHECK(budget.used() == 0);
  CHECK(a->connection->take_shown(taken.bytes()).empty());  // there is nothing to take any more

  a->delegate.bytes = [](auto bytes) { return Consumed{.bytes = bytes.size()}; };
  a->peer.send("next");
  settle();
  CHECK(a->delegate.shown.back() == "next");
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: what lies in the loop's buffer is not taken") {
  auto a = link();
  bool nothing = false;
  a->delegate.bytes = [&](auto bytes) {
    nothing = a->connection->take_shown(bytes).empty();
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  a->peer.send("hello");
  settle();
  CHECK(nothing);
  CHECK(a->delegate.received == "hello");
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a message with 64 KiB of content is one read, shown where it is") {
  constexpr std::size_t kMessage = 64 * 1024 + 500;
  auto a = link(2 * kMessage);
  const std::byte* shown_at = nullptr;
  a->delegate.bytes = [&](auto bytes) {
    shown_at = bytes.data();
    return Consumed{.bytes = bytes.size()};
  };
  a->connection->start();
  a->peer.send(std::string(kMessage, 'x'));
  settle();
  CHECK(a->delegate.received.size() == kMessage);
  CHECK(a->delegate.shown.size() == 1);
  CHECK(shown_at == loop.read_buffer().data());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: memory grows with what came, not as announced") {
  auto a = link();
  a->delegate.bytes = [](auto) { return Consumed{.wanted = std::size_t{1} << 40}; };
  a->connection->start();
  std::size_t sent = 0;
  for (const std::size_t piece : {10u, 1000u, 60000u, 60000u, 60000u, 60000u, 60000u}) {
    a->peer.send(std::string(piece, 'x'));
    settle();
    sent += piece;
    CAPTURE(sent);
    CHECK(budget.used() >= sent);
    CHECK(budget.used() <= 2 * sent);
  }
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a hundred bytes of a message that announces megabytes hold no more "
                  "than twice as many") {
  auto a = link();
  a->delegate.bytes = [](auto) { return Consumed{.wanted = 16 * 1024 * 1024}; };
  a->connection->start();
  a->peer.send(std::string(113, 'x'));
  settle();
  CHECK(budget.used() <= 2 * 113);
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: pieces of a large message are read into the room that is there") {
  constexpr std::size_t kMessage = 8 * 1024 * 1024;
  auto a = link();
  a->delegate.bytes = [](auto bytes) {
    return bytes.size() < kMessage ? Consumed{.wanted = kMessage} : Consumed{.bytes = kMessage};
  };
  a->connection->start();
  int grown = 0;
  std::size_t before = 0;
  for (std::size_t sent = 0; sent < kMessage; sent += 4096) {
    a->peer.send(std::string(4096, 'x'));
    settle();
    if (budget.used() != before) ++grown;
    before = budget.used();
  }
  CHECK(a->delegate.received.size() == kMessage);
  CHECK(a->delegate.shown.size() == 2);
  CHECK(grown <= 14);  // doublings from 4 KiB to 8 MiB, and back to nothing
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: a message a little larger than a read is whole, however it is cut") {
  constexpr std::size_t kMessage = EventLoop::kReadBufferBytes + 100;
  std::string message;
  for (std::size_t i = 0; i < kMessage; ++i) message += static_cast<char>('a' + i % 23);
  for (const std::size_t cut : std::initializer_list<std::size_t>{1, 200, 4096, 4097, 100'000}) {
    CAPTURE(cut);
    auto a = link(2 * kMessage);
    a->delegate.bytes = [](auto bytes) {
      return bytes.size() < kMessage ? Consumed{.wanted = kMessage} : Consumed{.bytes = kMessage};
    };
    a->connection->start();
    a->peer.send(message.substr(0, cut));
    settle();
    a->peer.send(message.substr(cut));
    settle();
    CHECK(a->delegate.received == message);
  }
}

TEST_CASE_FIXTURE(ConnectionFixture,
                  "connection: what is left behind a large message holds its own bytes only") {
  constexpr std::size_t kMessage = 1024 * 1024;
  auto a = link(2 * kMessage);
  a->delegate.bytes = [first = true](auto bytes) mutable {
    if (bytes.size() < kMessage) return Consumed{.wanted = first ? kMessage : 2 * kMessage};
    first = false;
    return Consumed{.bytes = kMessage, .wanted = 2 * kMessage};
  };
  a->connection->start();
  a->peer.send(std::string(kMessage, 'x'));
  settle();
  a->peer.send(std::string(kMessage / 2, 'y'));
  settle();
  a->peer.send("z");
  settle();
  CHECK(a->delegate.received.size() == kMessage);
  CHECK(budget.used() <= 2 * (kMessage / 2 + 1));
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: pause and resume show again what was kept") {
  auto a = link();
  a->delegate.bytes = [&, first = true](auto bytes) mutable {
    if (!std::exchange(first, false)) return Consumed{.bytes = bytes.size()};
    a->connection->pause_reading();
    return Consumed{.bytes = 2};
  };
  a->connection->start();
  a->peer.send("abcde");
  settle();
  a->peer.send("fg");
  settle();
  CHECK(a->delegate.shown == std::vector<std::string>{"abcde"});

  a->connection->resume_reading();
  CHECK(a->delegate.shown.size() == 1);  // in the next turn, not from within resume_reading()
  settle();
  CHECK(a->delegate.shown == std::vector<std::string>{"abcde", "cde", "fg"});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: resume without anything kept just reads on") {
  auto a = link();
  a->connection->start();
  a->connection->pause_reading();
  a->peer.send("abc");
  settle();
  CHECK(a->delegate.shown.empty());
  a->connection->resume_reading();
  settle();
  CHECK(a->delegate.shown == std::vector<std::string>{"abc"});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: resume does not show less than is wanted") {
  auto a = link();
  a->delegate.bytes = [](auto bytes) {
    return bytes.size() < 4 ? Consumed{.wanted = 4} : Consumed{.bytes = 4};
  };
  a->connection->start();
  a->peer.send("ab");
  settle();
  a->connection->pause_reading();
  a->connection->resume_reading();
  settle();
  CHECK(a->delegate.shown.size() == 1);
  a->peer.send("cd");
  settle();
  CHECK(a->delegate.received == "abcd");
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: the end comes behind all that was sent") {
  auto a = link();
  a->delegate.bytes = [&, calls = 0](auto bytes) mutable {
    if (++calls == 1) a->connection->pause_reading();
    return Consumed{.bytes = calls == 1 ? 0 : bytes.size()};
  };
  a->connection->start();
  a->peer.send("abc");
  a->peer.finish();
  settle();
  CHECK(a->delegate.ends == 0);
  a->connection->resume_reading();
  settle();
  CHECK(a->delegate.received == "abc");
  CHECK(a->delegate.ends == 1);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: sends after the peer's end, then closes") {
  auto a = link();
  a->delegate.end = [&] { a->send("still here"); };
  a->connection->start();
  a->peer.finish();
  settle();
  CHECK(a->peer.receive() == "still here");
  CHECK(a->connection->open());
  CHECK(!a->peer.ended());
  a->connection->close();
  settle();
  a->peer.receive();
  CHECK(a->peer.ended());
  CHECK(a->delegate.closes == std::vector<std::error_code>{{}});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: spurious readiness changes nothing") {
  auto a = link();
  a->connection->start();
  a->script.next_reads = {would_block(Interest::kRead), would_block(Interest::kRead)};
  a->peer.send("abc");
  settle();
  CHECK(a->delegate.shown == std::vector<std::string>{"abc"});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: a read may wait for the other direction") {
  auto a = link();
  a->script.next_reads = {would_block(Interest::kWrite)};
  a->connection->start();
  a->peer.send("abc");
  const std::size_t reads = a->script.read_into.size();
  loop.run_once(0s);  // the pipe is writable, so the read goes on
  CHECK(a->script.read_into.size() == reads + 1);
  CHECK(a->delegate.received == "abc");
  settle();  // and does not go on waiting for a direction that is always ready
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: input that waits in memory is read unasked") {
  auto a = link();
  a->script.has_buffered_input = true;
  a->delegate.bytes = [&](auto bytes) {
    a->script.has_buffered_input = a->delegate.shown.size() < 3;
    return Consumed{.bytes = bytes.size()};
  };
  a->peer.send("abc");
  a->connection->start();
  // The descriptor has nothing; only the transport itself says that there is more.
  a->script.next_reads = {{IoOutcome::kBytes, Interest::kNone, 1, {}},
                          {IoOutcome::kBytes, Interest::kNone, 1, {}}};
  settle();
  CHECK(a->delegate.shown.size() == 3);
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: buffered input while closing is thrown away") {
  auto a = link();
  a->connection->start();
  a->connection->close();
  a->script.has_buffered_input = true;
  a->script.next_reads = {would_block(Interest::kWrite),
                          {IoOutcome::kBytes, Interest::kNone, 1, {}},
                          {IoOutcome::kEnd, Interest::kNone, 0, {}}};
  a->peer.send("abc");
  for (int turn = 0; turn < 4; ++turn) loop.run_once(0s);
  CHECK(a->delegate.shown.empty());
  CHECK(a->delegate.closes == std::vector<std::error_code>{{}});
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: read_now reads once, and says whether") {
  auto a = link();
  a->connection->start();
  CHECK(!a->connection->read_now());
  a->peer.send("abc");
  CHECK(a->connection->read_now());
  CHECK(a->delegate.received == "abc");
  CHECK(!a->connection->read_now());
  a->peer.send("def");
  a->connection->pause_reading();
  CHECK(!a->connection->read_now());
}

TEST_CASE_FIXTURE(ConnectionFixture, "connection: without memory for one, that one closes") {
  auto a = link();
  auto b = link();
  a->delegate.bytes = [](auto) -> Consumed { throw std::bad_alloc(); };
  a->connection->start();
  b->connection->start();
  a->peer.send("abc");
  b->peer.send("def");
  settle();
  CHECK(a->delegate.closes ==
        std::vector<std::error_code>{std::make_error_code(std::errc::not_enough_memory)});
  CHECK(b->delegate.received == "def");
  CHECK(b->delegate.closes.empty());
}

}  // namespace
}  // namespace appd::reactor
