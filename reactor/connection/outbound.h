// The bytes that a connection is to send and the kernel did not take yet.
//
// Invariant: they follow, in order, all that the kernel took, and as long as there are any nothing
// is written past them.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "appd/reactor/any_transport.h"
#include "appd/reactor/connection/read_stops.h"
#include "appd/reactor/memory/buffer.h"

namespace appd::reactor {

class Outbound {
 public:
  // From so many bytes on a body whose owner gives it away is not copied.
  static constexpr std::size_t kOwnedBytes = 256 * 1024;

  [[nodiscard]] bool empty() const { return size() == 0; }
  [[nodiscard]] std::size_t size() const {
    return buffer_.size() + owned_bytes().size() + behind_.size();
  }
  [[nodiscard]] std::size_t capacity() const {
    const std::size_t owned = owned_left_ > 0 ? owned_.capacity() : 0;
    return buffer_.capacity() + owned + behind_.capacity();
  }
  // The readiness that the refused write waits for.
  [[nodiscard]] Interest wants() const { return wants_; }

  // `owner`: holds `body`, and may be moved from; null: somebody else's.
  void append(std::span<const std::byte> head, std::span<const std::byte> body,
              std::string* owner = nullptr);
  // What the kernel left of the two, by the result of their write: less than all.
  void keep(std::span<const std::byte> head, std::span<const std::byte> body, std::string* owner,
            const IoResult& result);
  // Writes once more. `last`: our end follows what is here.
  [[nodiscard]] IoResult flush(AnyTransport& transport, bool last);
  void discard();

  // Flow control: above `high_watermark` nothing is read, until there is no more than a quarter.
  [[nodiscard]] bool above(std::size_t high_watermark) const { return size() > high_watermark; }
  [[nodiscard]] bool drained(std::size_t high_watermark) const {
    return size() <= high_watermark / 4;
  }

  // At the end of an event of a connection with these reasons not to read.
  void check_invariant(ReadStops stops, bool open, std::size_t high_watermark) const;

 private:
  [[nodiscard]] std::span<const std::byte> owned_bytes() const {
    return std::as_bytes(std::span(owned_)).subspan(owned_begin_, owned_left_);
  }
  void consume(std::size_t bytes);

  // In the order in which they are sent. Without an owned string nothing is behind it.
  Buffer buffer_;
  std::string owned_;
  std::size_t owned_begin_ = 0;
  std::size_t owned_left_ = 0;
  Buffer behind_;
  Interest wants_ = Interest::kWrite;
};

}  // namespace appd::reactor
