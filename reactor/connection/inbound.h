// The bytes that a connection has read and its delegate has not consumed.
//
// Invariant: they are in order and without a gap, and the delegate has seen them all, unless they
// are fewer than it wants, or flow control is in the way, or they are to be shown in the next turn.
// Memory follows what arrived: it is at most doubled, whatever a peer announced.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include "appd/reactor/connection/connection_delegate.h"
#include "appd/reactor/memory/buffer.h"

namespace appd::reactor {

class Inbound {
 public:
  // Where a read goes.
  struct Target {
    std::span<std::byte> room;
    bool in_place = false;  // after what is kept; else into the loop's buffer, after a copy of it
  };

  [[nodiscard]] bool empty() const { return buffer_.empty(); }
  [[nodiscard]] std::size_t size() const { return buffer_.size(); }
  [[nodiscard]] std::size_t capacity() const { return buffer_.capacity(); }
  [[nodiscard]] std::span<const std::byte> bytes() const { return buffer_.bytes(); }

  // Bytes, counted from the first that is kept, that the delegate waits for.
  [[nodiscard]] std::size_t wanted() const { return wanted_; }
  // There are some, and as many as are wanted.
  [[nodiscard]] bool enough() const { return !empty() && size() >= wanted_; }
  // How many are still to come; `unknown` if the delegate does not say.
  [[nodiscard]] std::size_t missing(std::size_t unknown) const {
    return wanted_ > size() ? wanted_ - size() : unknown;
  }

  // `shared` is the loop's buffer. Throws std::bad_alloc.
  [[nodiscard]] Target target(std::span<std::byte> shared);
  // So many bytes were read in place.
  void commit(std::size_t bytes) { buffer_.commit(bytes); }
  void keep(std::span<const std::byte> fresh);
  // The delegate was shown `all`, of which the last `fresh` bytes are not kept yet.
  void keep_rest(std::span<const std::byte> all, std::size_t fresh, Consumed consumed);
  // The delegate was shown what is kept, and may have taken it.
  void consume(Consumed consumed);
  // What is kept, with its memory.
  [[nodiscard]] Buffer take() { return std::exchange(buffer_, {}); }
  // Nobody wants any of it.
  void discard();

  // What is kept is to be shown once more, without new bytes.
  void show_again() { again_ = !empty(); }
  [[nodiscard]] bool to_be_shown() const { return again_; }
  void shown() { again_ = false; }

  // At the end of an event of a connection that is `open` or not.
  void check_invariant(bool open) const;

 private:
  Buffer buffer_;
  std::size_t wanted_ = 0;
  bool again_ = false;
};

}  // namespace appd::reactor
