#include "appd/reactor/memory/block_store.h"

#include <doctest/doctest.h>

#include <memory>
#include <thread>
#include <vector>

namespace appd::reactor {
namespace {

TEST_CASE("block store: what is given back is taken again, by whoever needs about as much") {
  BlockStore store;
  const BlockStore::Scope scope(store);
  void* const block = BlockStore::take(100);
  BlockStore::give_back(block, 100);
  CHECK(store.kept_bytes() == 128);
  void* const again = BlockStore::take(97);
  CHECK(again == block);
  CHECK(store.kept_bytes() == 0);
  BlockStore::give_back(again, 97);
}

TEST_CASE("block store: nothing is kept without a loop, and nothing large") {
  BlockStore::give_back(BlockStore::take(100), 100);
  BlockStore store;
  const BlockStore::Scope scope(store);
  constexpr std::size_t kLarge = BlockStore::kMaxBlockBytes + 1;
  BlockStore::give_back(BlockStore::take(kLarge), kLarge);
  CHECK(store.kept_bytes() == 0);
  BlockStore::give_back(BlockStore::take(0), 0);
  CHECK(store.kept_bytes() == BlockStore::kStepBytes);
}

TEST_CASE("block store: no more is kept than the limit says") {
  BlockStore store;
  const BlockStore::Scope scope(store);
  constexpr std::size_t kBytes = BlockStore::kMaxBlockBytes;
  std::vector<void*> taken;
  for (std::size_t bytes = 0; bytes < 2 * BlockStore::kMaxKeptBytes; bytes += kBytes) {
    taken.push_back(BlockStore::take(kBytes));
  }
  for (void* block : taken) BlockStore::give_back(block, kBytes);
  CHECK(store.kept_bytes() == BlockStore::kMaxKeptBytes);
}

TEST_CASE("block store: a block may be taken with one loop and given back to another, or to none") {
  BlockStore first;
  BlockStore second;
  void* block = nullptr;
  {
    const BlockStore::Scope outer(first);
    block = BlockStore::take(40);
    {
      const BlockStore::Scope inner(second);
      BlockStore::give_back(block, 40);
    }
    CHECK(second.kept_bytes() == 64);
    block = BlockStore::take(40);
  }
  std::thread([block] { BlockStore::give_back(block, 40); }).join();
  CHECK(first.kept_bytes() == 0);
}

TEST_CASE("block store: objects and containers live in it") {
  struct Object : InBlock {
    int numbers[40] = {};
  };
  BlockStore store;
  const BlockStore::Scope scope(store);
  {
    auto object = std::make_unique<Object>();
    auto shared = std::allocate_shared<Object>(BlockAllocator<Object>());
    std::vector<int, BlockAllocator<int>> numbers(20);
  }
  CHECK(store.kept_bytes() > 0);
}

}  // namespace
}  // namespace appd::reactor
