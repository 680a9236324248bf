#include "appd/reactor/connection/outbound.h"

#include <algorithm>

#include "appd/reactor/check.h"

namespace appd::reactor {

void Outbound::append(std::span<const std::byte> head, std::span<const std::byte> body) {
  buffer_.append(head);
  buffer_.append(body);
}

void Outbound::keep(std::span<const std::byte> head, std::span<const std::byte> body,
                    const IoResult& result) {
  const bool would_block = result.outcome == IoOutcome::kWouldBlock;
  wants_ = would_block ? result.wants : Interest::kWrite;
  const std::size_t sent = would_block ? 0 : result.bytes;
  const std::size_t of_head = std::min(sent, head.size());
  append(head.subspan(of_head), body.subspan(sent - of_head));
}

IoResult Outbound::flush(AnyTransport& transport, bool last) {
  const IoResult result =
      last ? transport.write_last(buffer_.bytes(), {}) : transport.write(buffer_.bytes(), {});
  if (result.outcome == IoOutcome::kBytes) {
    wants_ = Interest::kWrite;
    buffer_.consume(result.bytes);
  } else if (result.outcome == IoOutcome::kWouldBlock) {
    wants_ = result.wants;
  }
  return result;
}

void Outbound::check_invariant(ReadStops stops, bool open, std::size_t high_watermark) const {
  const bool stopped = stops.has(ReadStop::kHighWatermark);
  APPD_CHECK(!stops.has(ReadStop::kClosed) || empty(), size());
  APPD_CHECK(stopped || !open || !above(high_watermark), size(), high_watermark);
  APPD_CHECK(!stopped || !drained(high_watermark), size(), high_watermark);
}

}  // namespace appd::reactor
