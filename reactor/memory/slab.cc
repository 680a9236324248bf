#include "appd/reactor/memory/slab.h"

#include <algorithm>

#include "appd/reactor/check.h"
#include "appd/reactor/memory/address_sanitizer.h"

namespace appd::reactor {
namespace {

constexpr std::uint64_t kFull = UINT64_MAX;
constexpr std::size_t kAlignment = alignof(std::max_align_t) / 2;

constexpr std::size_t rounded_up(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

}  // namespace

Slab::Slab(std::size_t cell_bytes) : cell_bytes_(rounded_up(cell_bytes)) {}

Slab::~Slab() {
  APPD_CHECK(taken_ == 0, taken_);
  for (Chunk& chunk : chunks_) {
    if (chunk.memory) ASAN_UNPOISON_MEMORY_REGION(chunk.memory.get(), kCells * cell_bytes_);
  }
}

Slab::Cell Slab::take() {
  while (lowest_ < chunks_.size() && chunks_[lowest_].taken == kFull) ++lowest_;
  if (lowest_ == chunks_.size()) {
    APPD_CHECK(lowest_ < UINT32_MAX / kCells, lowest_);
    chunks_.emplace_back();
  }
  Chunk& chunk = chunks_[lowest_];
  if (!chunk.memory) {
    chunk.memory = std::make_unique_for_overwrite<std::byte[]>(kCells * cell_bytes_);
    ASAN_POISON_MEMORY_REGION(chunk.memory.get(), kCells * cell_bytes_);
    ++spare_;
  }
  if (chunk.taken == 0) --spare_;
  const auto index = static_cast<std::size_t>(std::countr_one(chunk.taken));
  chunk.taken |= std::uint64_t{1} << index;
  ++taken_;
  const auto cell = static_cast<Cell>(lowest_ * kCells + index);
  ASAN_UNPOISON_MEMORY_REGION(at(cell), cell_bytes_);
  return cell;
}

void Slab::give_back(Cell cell) noexcept {
  const std::size_t index = cell / kCells;
  const std::uint64_t bit = std::uint64_t{1} << cell % kCells;
  Chunk& chunk = chunks_[index];
  APPD_CHECK((chunk.taken & bit) != 0, cell);
  ASAN_POISON_MEMORY_REGION(at(cell), cell_bytes_);
  chunk.taken &= ~bit;
  --taken_;
  lowest_ = std::min(lowest_, index);
  if (chunk.taken != 0 || ++spare_ == 1) return;
  --spare_;
  ASAN_UNPOISON_MEMORY_REGION(chunk.memory.get(), kCells * cell_bytes_);
  chunk.memory.reset();
}

std::size_t Slab::bytes() const {
  std::size_t chunks = 0;
  for (const Chunk& chunk : chunks_) chunks += chunk.memory ? 1 : 0;
  return chunks * kCells * cell_bytes_ + chunks_.capacity() * sizeof(Chunk);
}

}  // namespace appd::reactor
