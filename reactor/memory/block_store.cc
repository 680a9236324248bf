#include "appd/reactor/memory/block_store.h"

#include <utility>

#include "appd/reactor/memory/address_sanitizer.h"

namespace appd::reactor {
namespace {

thread_local constinit BlockStore* used_here = nullptr;

// The index in free_; of nothing as of one byte.
constexpr std::size_t step_of(std::size_t bytes) {
  return bytes == 0 ? 0 : (bytes - 1) / BlockStore::kStepBytes;
}
constexpr std::size_t step_bytes(std::size_t step) { return (step + 1) * BlockStore::kStepBytes; }

}  // namespace

BlockStore::~BlockStore() {
  for (std::size_t step = 0; step < free_.size(); ++step) {
    while (free_[step] != nullptr) ::operator delete(pop(step));
  }
}

// AddressSanitizer is told that a free block is nobody's.
void BlockStore::push(std::size_t step, void* block) {
  free_[step] = new (block) Free{free_[step]};
  kept_bytes_ += step_bytes(step);
  ASAN_POISON_MEMORY_REGION(block, step_bytes(step));
}

void* BlockStore::pop(std::size_t step) {
  Free* const block = free_[step];
  ASAN_UNPOISON_MEMORY_REGION(block, step_bytes(step));
  kept_bytes_ -= step_bytes(step);
  free_[step] = block->next;
  return block;
}

BlockStore::Scope::Scope(BlockStore& store) : outer_(std::exchange(used_here, &store)) {}
BlockStore::Scope::~Scope() { used_here = outer_; }

void* BlockStore::take(std::size_t bytes) {
  if (bytes > kMaxBlockBytes) return ::operator new(bytes);
  const std::size_t step = step_of(bytes);
  BlockStore* const store = used_here;
  if (store == nullptr || store->free_[step] == nullptr) return ::operator new(step_bytes(step));
  return store->pop(step);
}

void BlockStore::give_back(void* block, std::size_t bytes) noexcept {
  const std::size_t step = step_of(bytes);
  BlockStore* const store = used_here;
  const bool kept = store != nullptr && bytes <= kMaxBlockBytes &&
                    store->kept_bytes_ + step_bytes(step) <= kMaxKeptBytes;
  if (!kept) return ::operator delete(block);
  store->push(step, block);
}

}  // namespace appd::reactor
