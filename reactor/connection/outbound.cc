#include "appd/reactor/connection/outbound.h"

#include <algorithm>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::reactor {

void Outbound::append(std::span<const std::byte> head, std::span<const std::byte> body,
                      std::string* owner) {
  Buffer& last = owned_left_ > 0 ? behind_ : buffer_;
  last.append(head);
  if (owner == nullptr || owned_left_ > 0 || body.size() < kOwnedBytes) {
    last.append(body);
    return;
  }
  owned_begin_ = static_cast<std::size_t>(body.data() - std::as_bytes(std::span(*owner)).data());
  owned_left_ = body.size();
  owned_ = std::move(*owner);
}

void Outbound::keep(std::span<const std::byte> head, std::span<const std::byte> body,
                    std::string* owner, const IoResult& result) {
  const bool would_block = result.outcome == IoOutcome::kWouldBlock;
  wants_ = would_block ? result.wants : Interest::kWrite;
  const std::size_t sent = would_block ? 0 : result.bytes;
  const std::size_t of_head = std::min(sent, head.size());
  append(head.subspan(of_head), body.subspan(sent - of_head), owner);
}

IoResult Outbound::flush(AnyTransport& transport, bool last) {
  // Two parts leave with one write.
  const auto first = buffer_.empty() ? owned_bytes() : buffer_.bytes();
  const auto second = buffer_.empty() ? behind_.bytes() : owned_bytes();
  const bool all = first.size() + second.size() == size();
  const IoResult result =
      last && all ? transport.write_last(first, second) : transport.write(first, second);
  if (result.outcome == IoOutcome::kBytes) {
    wants_ = Interest::kWrite;
    consume(result.bytes);
  } else if (result.outcome == IoOutcome::kWouldBlock) {
    wants_ = result.wants;
  }
  return result;
}

void Outbound::consume(std::size_t bytes) {
  const std::size_t of_buffer = std::min(bytes, buffer_.size());
  buffer_.consume(of_buffer);
  const std::size_t of_owned = std::min(bytes - of_buffer, owned_left_);
  owned_begin_ += of_owned;
  owned_left_ -= of_owned;
  behind_.consume(bytes - of_buffer - of_owned);
  if (owned_left_ > 0) return;
  std::string().swap(owned_);
  owned_begin_ = 0;
  if (buffer_.empty()) buffer_ = std::move(behind_);
}

void Outbound::discard() {
  buffer_.release();
  std::string().swap(owned_);
  owned_begin_ = owned_left_ = 0;
  behind_.release();
}

void Outbound::check_invariant(ReadStops stops, bool open, std::size_t high_watermark) const {
  const bool stopped = stops.has(ReadStop::kHighWatermark);
  APPD_CHECK(!stops.has(ReadStop::kClosed) || empty(), size());
  APPD_CHECK(stopped || !open || !above(high_watermark), size(), high_watermark);
  APPD_CHECK(!stopped || !drained(high_watermark), size(), high_watermark);
}

}  // namespace appd::reactor
