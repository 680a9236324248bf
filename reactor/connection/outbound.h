// The bytes that a connection is to send and the kernel did not take yet.
//
// Invariant: they follow, in order, all that the kernel took, and as long as there are any nothing
// is written past them.
#pragma once

#include <cstddef>
#include <span>

#include "appd/reactor/any_transport.h"
#include "appd/reactor/connection/read_stops.h"
#include "appd/reactor/memory/buffer.h"

namespace appd::reactor {

class Outbound {
 public:
  [[nodiscard]] bool empty() const { return buffer_.empty(); }
  [[nodiscard]] std::size_t size() const { return buffer_.size(); }
  [[nodiscard]] std::size_t capacity() const { return buffer_.capacity(); }
  // The readiness that the refused write waits for.
  [[nodiscard]] Interest wants() const { return wants_; }

  void append(std::span<const std::byte> head, std::span<const std::byte> body);
  // What the kernel left of the two, by the result of their write: less than all.
  void keep(std::span<const std::byte> head, std::span<const std::byte> body,
            const IoResult& result);
  // Writes once more. `last`: our end follows what is here.
  [[nodiscard]] IoResult flush(AnyTransport& transport, bool last);
  void discard() { buffer_.release(); }

  // Flow control: above `high_watermark` nothing is read, until there is no more than a quarter.
  [[nodiscard]] bool above(std::size_t high_watermark) const { return size() > high_watermark; }
  [[nodiscard]] bool drained(std::size_t high_watermark) const {
    return size() <= high_watermark / 4;
  }

  // At the end of an event of a connection with these reasons not to read.
  void check_invariant(ReadStops stops, bool open, std::size_t high_watermark) const;

 private:
  Buffer buffer_;
  Interest wants_ = Interest::kWrite;
};

}  // namespace appd::reactor
