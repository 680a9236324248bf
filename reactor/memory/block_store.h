// Memory of what comes and goes with a call that waits: coroutine frames, calls, what they wait
// for. A loop keeps the blocks that are free, by size, so that the usual call asks no heap.
//
// Every block is one of operator new, so who takes one and who gives it back need not be on one
// thread: a thread that turns no loop at that moment asks the heap, and gives back to it.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace appd::reactor {

class BlockStore {
 public:
  // Sizes are rounded up to this.
  static constexpr std::size_t kStepBytes = 32;
  // Larger ones are the heap's: seldom enough, and few would fill the store.
  static constexpr std::size_t kMaxBlockBytes = 2048;
  // What is given back beyond this goes to the heap: about as much as four thousand usual calls.
  static constexpr std::size_t kMaxKeptBytes = 4 * 1024 * 1024;

  BlockStore() = default;
  BlockStore(const BlockStore&) = delete;
  BlockStore& operator=(const BlockStore&) = delete;
  // What is kept goes to the heap; what is taken stays its taker's.
  ~BlockStore();

  // While it lives, take() and give_back() of this thread are those of `store`. Scopes may nest.
  class Scope {
   public:
    explicit Scope(BlockStore& store);
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;
    ~Scope();

   private:
    BlockStore* const outer_;
  };

  // Room for `bytes`, aligned for any usual type. Any thread. Throws std::bad_alloc.
  [[nodiscard]] static void* take(std::size_t bytes);
  // With the same number. Any thread.
  static void give_back(void* block, std::size_t bytes) noexcept;

  // Free blocks.
  [[nodiscard]] std::size_t kept_bytes() const { return kept_bytes_; }

 private:
  struct Free {
    Free* next;
  };
  void push(std::size_t step, void* block);
  [[nodiscard]] void* pop(std::size_t step);

  std::array<Free*, kMaxBlockBytes / kStepBytes> free_{};  // by steps, the first: one
  std::size_t kept_bytes_ = 0;
};

// A base of what lives in such blocks.
struct InBlock {
  [[nodiscard]] static void* operator new(std::size_t bytes) { return BlockStore::take(bytes); }
  static void operator delete(void* block, std::size_t bytes) noexcept {
    BlockStore::give_back(block, bytes);
  }
};

// An allocator of such blocks.
template <class T>
struct BlockAllocator {
  using value_type = T;
  BlockAllocator() = default;
  template <class Other>
  BlockAllocator(const BlockAllocator<Other>& /*other*/) {}  // NOLINT: as allocators do
  [[nodiscard]] T* allocate(std::size_t count) {
    return static_cast<T*>(BlockStore::take(count * sizeof(T)));
  }
  void deallocate(T* block, std::size_t count) noexcept {
    BlockStore::give_back(block, count * sizeof(T));
  }
  bool operator==(const BlockAllocator& /*other*/) const { return true; }
};

}  // namespace appd::reactor
