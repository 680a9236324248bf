// A queue of bytes in one piece of memory: append at the end, consume from the front.
//
// Invariant: an empty Buffer holds no memory unless reserve() was called since it became empty.
// Grown with realloc, which moves large blocks by remapping pages. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace appd::reactor {

class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;
  ~Buffer();

  [[nodiscard]] bool empty() const { return begin_ == end_; }
  [[nodiscard]] std::size_t size() const { return end_ - begin_; }
  // Bytes of memory held, consumed ones included.
  [[nodiscard]] std::size_t capacity() const { return capacity_; }
  // Bytes that fit behind the content without growing.
  [[nodiscard]] std::size_t room() const { return capacity_ - end_; }

  // Valid until the next non-const call.
  [[nodiscard]] std::span<const std::byte> bytes() const { return {data_ + begin_, size()}; }

  void append(std::span<const std::byte> bytes) {
    if (capacity_ - end_ < bytes.size()) return append_to_more(bytes);
    if (!bytes.empty()) std::memcpy(data_ + end_, bytes.data(), bytes.size());
    end_ += bytes.size();
  }

  // Room behind the content, at least `bytes` long; the caller writes into it and calls commit()
  // with the count it wrote. Grows to exactly what is asked, so that a size known from the wire
  // costs one allocation. Throws std::bad_alloc, the content unharmed.
  [[nodiscard]] std::span<std::byte> reserve(std::size_t bytes);
  void commit(std::size_t bytes) { end_ += bytes; }

  // Drops `bytes` (at most size()) from the front; when nothing is left the memory is freed, when
  // little is left of a large one, most of it.
  void consume(std::size_t bytes);
  // Drops everything, keeps the memory: for a buffer that is filled every turn.
  void clear() { begin_ = end_ = 0; }
  // Drops everything, frees the memory.
  void release();

 private:
  void append_to_more(std::span<const std::byte> bytes);
  void shrink();

  std::byte* data_ = nullptr;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace appd::reactor
