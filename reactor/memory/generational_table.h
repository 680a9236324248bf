// Entries by index and generation: the names of things that come and go.
//
// An index is given out again, but with another generation each time. Who holds a name of what is
// gone, an event that was under way or an answer that comes late, so finds nobody in its stead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace appd::reactor {

// `Entry` is default-constructible, and has a member `std::uint32_t generation` that is left to the
// table. Not thread-safe.
template <class Entry>
class GenerationalTable {
 public:
  using Index = std::uint32_t;

  // The index of an entry as it is when it is new, but for its generation. Valid until release().
  // Throws std::bad_alloc.
  [[nodiscard]] Index take() {
    if (free_.empty()) {
      // First room for all, so that neither the lines below nor release() can fail half-way.
      if (free_.capacity() <= entries_.size()) free_.reserve(2 * entries_.size() + 1);
      entries_.emplace_back();
      free_.push_back(static_cast<Index>(entries_.size() - 1));
    }
    const Index index = free_.back();
    free_.pop_back();
    return index;
  }

  // Every name of the entry is one of something gone from now on.
  void release(Index index) noexcept {
    Entry& entry = entries_[index];
    const std::uint32_t next = entry.generation + 1;
    entry = Entry();
    entry.generation = next;
    free_.push_back(index);
  }

  // Null: what had this name is gone. `index` is one that was given out.
  [[nodiscard]] Entry* find(Index index, std::uint32_t generation) {
    Entry& entry = entries_[index];
    return entry.generation == generation ? &entry : nullptr;
  }

  [[nodiscard]] Entry& operator[](Index index) { return entries_[index]; }
  [[nodiscard]] const Entry& operator[](Index index) const { return entries_[index]; }

  // Entries that are taken.
  [[nodiscard]] std::size_t taken() const { return entries_.size() - free_.size(); }

 private:
  std::vector<Entry> entries_;
  std::vector<Index> free_;
};

}  // namespace appd::reactor
