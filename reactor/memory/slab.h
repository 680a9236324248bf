// Memory for many objects of one size, in chunks: none of it goes to a heap's bookkeeping, and a
// cell is a number of four bytes. The lowest free cell is taken first, so that the chunks behind
// it empty and are given back. The loop's thread only.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace appd::reactor {

class Slab {
 public:
  using Cell = std::uint32_t;

  // Cells have room for `cell_bytes`, aligned for any usual type.
  explicit Slab(std::size_t cell_bytes);
  Slab(const Slab&) = delete;
  Slab& operator=(const Slab&) = delete;
  // Checks that every cell was given back.
  ~Slab();

  // Throws std::bad_alloc.
  [[nodiscard]] Cell take();
  // Whoever lived there is destroyed.
  void give_back(Cell cell) noexcept;
  [[nodiscard]] void* at(Cell cell) const {
    return chunks_[cell / kCells].memory.get() + (cell % kCells) * cell_bytes_;
  }

  [[nodiscard]] std::size_t taken() const { return taken_; }
  // Memory held.
  [[nodiscard]] std::size_t bytes() const;

  // `action(void*)` for each cell that is taken when its turn comes. It may take and give back.
  template <class Action>
  void for_each(Action action) const {
    for (std::size_t i = 0; i < chunks_.size(); ++i) {
      for (std::uint64_t rest = chunks_[i].taken; rest != 0; rest &= rest - 1) {
        const auto cell = static_cast<std::size_t>(std::countr_zero(rest));
        if ((chunks_[i].taken >> cell & 1) != 0) action(at(static_cast<Cell>(i * kCells + cell)));
      }
    }
  }

 private:
  static constexpr std::size_t kCells = 64;  // of a chunk

  struct Chunk {
    std::unique_ptr<std::byte[]> memory;  // null: given back
    std::uint64_t taken = 0;              // a bit a cell
  };

  const std::size_t cell_bytes_;
  std::vector<Chunk> chunks_;
  std::size_t lowest_ = 0;  // no chunk below has room
  std::size_t spare_ = 0;   // chunks with memory that nobody lives in: one is kept
  std::size_t taken_ = 0;
};

}  // namespace appd::reactor
