// The parts of a connection, each by itself.
#include <array>
#include <string>
#include <vector>

#include "appd/reactor/connection/budget_share.h"
#include "appd/reactor/connection/inbound.h"
#include "appd/reactor/connection/peer_watch.h"
#include "connection_fixture.h"

namespace appd::reactor {
namespace {

using namespace std::chrono_literals;
using testing::bytes_of;
using testing::kStart;
using testing::text_of;

// Inbound ----------------------------------------------------------------------------------------

TEST_CASE("inbound: keeps what the delegate left, and says what is missing") {
  Inbound input;
  CHECK(!input.enough());
  CHECK(input.missing(7) == 7);
  input.keep_rest(bytes_of("abcde"), 5, {.bytes = 2, .wanted = 5});
  CHECK(text_of(input.bytes()) == "cde");
  CHECK(!input.enough());
  CHECK(input.missing(7) == 2);
  input.keep_rest(bytes_of("cdefgh"), 3, {.bytes = 0, .wanted = 0});
  CHECK(text_of(input.bytes()) == "cdefgh");
  CHECK(input.enough());
  input.consume({.bytes = 6});
  CHECK(input.empty());
  CHECK(input.capacity() == 0);
}

TEST_CASE("inbound: only what is there can be shown again") {
  Inbound input;
  input.show_again();
  CHECK(!input.to_be_shown());
  input.keep(bytes_of("abc"));
  input.show_again();
  CHECK(input.to_be_shown());
  input.check_invariant(true);
  input.discard();
  CHECK(!input.to_be_shown());
  input.check_invariant(false);
}

TEST_CASE("inbound: a small rest is copied in front of the next read, a large one grows in place") {
  std::vector<std::byte> shared(128 * 1024);
  Inbound input;
  input.keep(bytes_of("abc"));
  const Inbound::Target small = input.target(shared);
  CHECK(!small.in_place);
  CHECK(small.room.data() == shared.data() + 3);
  CHECK(text_of(std::span(shared).first(3)) == "abc");

  const std::string large(10'000, 'x');
  input.keep_rest(bytes_of(large), large.size(), {.wanted = 1'000'000});
  const Inbound::Target in_place = input.target(shared);
  CHECK(in_place.in_place);
  CHECK(in_place.room.size() <= 2 * large.size());
}

// PeerWatch --------------------------------------------------------------------------------------

TEST_CASE("peer watch: one that acknowledges nothing within the time stands still") {
  PeerWatch peer;
  peer.begin_waiting(kStart, 30s);
  CHECK(peer.next_look() == kStart + 1s);
  CHECK(!peer.stands_still(100, kStart + 1s, 30s));  // the first look knows of nothing before
  CHECK(peer.waiting());
  CHECK(!peer.stands_still(100, kStart + 30s, 30s));
  CHECK(peer.stands_still(100, kStart + 31s, 30s));
  CHECK(!peer.stands_still(99, kStart + 31s, 30s));
  CHECK(peer.last_progress() == kStart + 31s);
  peer.count_sent(50);  // of which all is acknowledged
  CHECK(!peer.stands_still(99, kStart + 80s, 30s));
}

TEST_CASE("peer watch: looks eight times within a short time-out") {
  PeerWatch peer;
  peer.look_later(kStart, 80ms);
  CHECK(peer.next_look() == kStart + 10ms);
}

TEST_CASE("peer watch: looks for the end once in a pause, and not after it") {
  PeerWatch peer;
  CHECK(!peer.looks_for_end({}));
  CHECK(peer.looks_for_end(ReadStop::kPaused));
  CHECK(peer.looks_for_end(ReadStop::kPaused | ReadStop::kHighWatermark));
  CHECK(!peer.looks_for_end(ReadStop::kPaused | ReadStop::kEndRead));
  peer.set_end_found(true);
  CHECK(!peer.looks_for_end(ReadStop::kPaused));
}

// BudgetShare ------------------------------------------------------------------------------------

TEST_CASE("budget share: the budget knows what is held, until it is given back") {
  BufferBudget budget(1000);
  BudgetShare share;
  CHECK(!share.any());
  share.set_delegate_bytes(100);
  share.settle(budget, 50, true, true);
  CHECK(budget.used() == 150);
  share.give_back(budget);
  CHECK(budget.used() == 0);
  CHECK(!share.any());
}

TEST_CASE("budget share: beyond the limit one reads on for a turn, and then waits for the others") {
  BufferBudget budget(100);
  BudgetShare first;
  BudgetShare second;
  first.settle(budget, 90, true, true);
  second.settle(budget, 90, true, true);
  CHECK(first.may_read(budget, 90, 10, kStart));
  CHECK(first.in_turn());
  CHECK(!second.may_read(budget, 90, 20, kStart));
  CHECK(second.stop(budget, kStart));
  CHECK(!second.stop(budget, kStart));
  CHECK(second.next_try() > kStart);
  CHECK(budget.stopped() == 1);
  CHECK(!first.turn_over(kStart));
  CHECK(first.turn_over(kStart + BufferBudget::kTurn));
  CHECK(!second.may_read(budget, 90, 20, kStart + BufferBudget::kTurn));
  first.end_turn(budget, 90);
  CHECK(!first.may_read(budget, 90, 10, kStart + BufferBudget::kTurn));  // a turn was wasted
  CHECK(second.may_read(budget, 90, 20, kStart + BufferBudget::kTurn));
  CHECK(budget.stopped() == 0);
  second.settle(budget, 90, true, false);  // paused: nothing is read beyond the limit
  CHECK(!second.in_turn());
  first.give_back(budget);
  second.give_back(budget);
}

}  // namespace
}  // namespace appd::reactor
