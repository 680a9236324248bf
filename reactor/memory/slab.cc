#include "appd/reactor/memory/slab.h"

#include <algorithm>

#include "appd/reactor/check.h"

// AddressSanitizer is told who owns what, as a heap would tell it.
#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define APPD_ADDRESS_SANITIZER
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define APPD_ADDRESS_SANITIZER
#endif
#ifdef APPD_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(begin, bytes) ((void)(begin), (void)(bytes))
#endif

namespace appd::reactor {
namespace {

constexpr std::uint64_t kFull = UINT64_MAX;
constexpr std::size_t kAlignment = alignof(std::max_align_t) / 2;

constexpr std::size_t rounded_up(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

Slab::Slab(std::size_t place_bytes) : place_bytes_(rounded_up(place_bytes)) {}

Slab::~Slab() {
  APPD_CHECK(taken_ == 0, taken_);
  for (Chunk& chunk : chunks_) {
    if (chunk.memory) ASAN_UNPOISON_MEMORY_REGION(chunk.memory.get(), kPlaces * place_bytes_);
  }
}

Slab::Place Slab::take() {
  while (lowest_ < chunks_.size() && chunks_[lowest_].taken == kFull) ++lowest_;
  if (lowest_ == chunks_.size()) {
    APPD_CHECK(lowest_ < UINT32_MAX / kPlaces, lowest_);
    chunks_.emplace_back();
  }
  Chunk& chunk = chunks_[lowest_];
  if (!chunk.memory) {
    chunk.memory = std::make_unique_for_overwrite<std::byte[]>(kPlaces * place_bytes_);
    ASAN_POISON_MEMORY_REGION(chunk.memory.get(), kPlaces * place_bytes_);
    ++spare_;
  }
  if (chunk.taken == 0) --spare_;
  const auto index = static_cast<std::size_t>(std::countr_one(chunk.taken));
  chunk.taken |= std::uint64_t{1} << index;
  ++taken_;
  const auto place = static_cast<Place>(lowest_ * kPlaces + index);
  ASAN_UNPOISON_MEMORY_REGION(at(place), place_bytes_);
  return place;
}

void Slab::give_back(Place place) noexcept {
  const std::size_t index = place / kPlaces;
  const std::uint64_t bit = std::uint64_t{1} << place % kPlaces;
  Chunk& chunk = chunks_[index];
  APPD_CHECK((chunk.taken & bit) != 0, place);
  ASAN_POISON_MEMORY_REGION(at(place), place_bytes_);
  chunk.taken &= ~bit;
  --taken_;
  lowest_ = std::min(lowest_, index);
  if (chunk.taken != 0 || ++spare_ == 1) return;
  --spare_;
  ASAN_UNPOISON_MEMORY_REGION(chunk.memory.get(), kPlaces * place_bytes_);
  chunk.memory.reset();
}

std::size_t Slab::bytes() const {
  std::size_t chunks = 0;
  for (const Chunk& chunk : chunks_) chunks += chunk.memory ? 1 : 0;
  return chunks * kPlaces * place_bytes_ + chunks_.capacity() * sizeof(Chunk);
}

}  // namespace appd::reactor
