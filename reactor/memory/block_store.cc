#include "appd/reactor/memory/block_store.h"

#include <utility>

#include "appd/reactor/memory/address_sanitizer.h"

namespace appd::reactor {
namespace {

thread_local constinit BlockStore* used_here = nullptr;

// The index in free_; of nothing as of one byte.
constexpr std::size_t block_steps(std::size_t bytes) {
  return bytes == 0 ? 0 : (bytes - 1) / BlockStore::kStepBytes;
}
constexpr std::size_t block_bytes(std::size_t bytes) {
  return (block_steps(bytes) + 1) * BlockStore::kStepBytes;
}

#ifdef APPD_ADDRESS_SANITIZER
constexpr bool kKeepsBlocks = false;
#else
constexpr bool kKeepsBlocks = true;
#endif

}  // namespace

BlockStore::~BlockStore() {
  for (Free* first : free_) {
    while (first != nullptr) ::operator delete(std::exchange(first, first->next));
  }
}

BlockStore::Scope::Scope(BlockStore& store) : outer_(std::exchange(used_here, &store)) {}
BlockStore::Scope::~Scope() { used_here = outer_; }

void* BlockStore::take(std::size_t bytes) {
  if (bytes > kMaxBlockBytes) return ::operator new(bytes);
  BlockStore* const store = used_here;
  if (store == nullptr) return ::operator new(block_bytes(bytes));
  Free*& first = store->free_[block_steps(bytes)];
  if (first == nullptr) return ::operator new(block_bytes(bytes));
  store->kept_bytes_ -= block_bytes(bytes);
  return std::exchange(first, first->next);
}

void BlockStore::give_back(void* block, std::size_t bytes) noexcept {
  BlockStore* const store = used_here;
  const bool kept = kKeepsBlocks && store != nullptr && bytes <= kMaxBlockBytes &&
                    store->kept_bytes_ + block_bytes(bytes) <= kMaxKeptBytes;
  if (!kept) return ::operator delete(block);
  Free*& first = store->free_[block_steps(bytes)];
  first = new (block) Free{first};
  store->kept_bytes_ += block_bytes(bytes);
}

}  // namespace appd::reactor
