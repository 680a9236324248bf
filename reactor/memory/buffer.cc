#include "appd/reactor/memory/buffer.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "appd/reactor/check.h"

namespace appd::reactor {
namespace {

// Not worth a look how much of it is used.
constexpr std::size_t kSmallBytes = 4 * 1024;

}  // namespace

Buffer::Buffer(Buffer&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      capacity_(std::exchange(other.capacity_, 0)),
      begin_(std::exchange(other.begin_, 0)),
      end_(std::exchange(other.end_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this != &other) {
    std::free(data_);
    data_ = std::exchange(other.data_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
  }
  return *this;
}

Buffer::~Buffer() { std::free(data_); }

// Doubling keeps a long run of appends linear; a single one gets just its size.
void Buffer::append_to_more(std::span<const std::byte> bytes) {
  (void)reserve(std::max(bytes.size(), size()));
  std::memcpy(data_ + end_, bytes.data(), bytes.size());
  end_ += bytes.size();
}

std::span<std::byte> Buffer::reserve(std::size_t bytes) {
  if (begin_ > 0 && capacity_ - end_ < bytes) {
    std::memmove(data_, data_ + begin_, size());
    end_ -= begin_;
    begin_ = 0;
  }
  if (capacity_ - end_ < bytes) {
    const std::size_t wanted = end_ + bytes;
    if (wanted < end_) throw std::bad_alloc();
    void* grown = std::realloc(data_, wanted);
    if (grown == nullptr) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(grown);
    capacity_ = wanted;
  }
  return {data_ + end_, capacity_ - end_};
}

void Buffer::consume(std::size_t bytes) {
  APPD_CHECK(bytes <= size(), bytes, size());
  begin_ += bytes;
  if (empty()) {
    release();
  } else if (capacity_ > kSmallBytes && size() < capacity_ / 4) {
    shrink();
  }
}

// Three quarters were consumed since it was grown or shrunk last: less work than that was.
void Buffer::shrink() {
  std::memmove(data_, data_ + begin_, size());
  end_ -= begin_;
  begin_ = 0;
  if (void* shrunk = std::realloc(data_, end_)) {
    data_ = static_cast<std::byte*>(shrunk);
    capacity_ = end_;
  }
}

void Buffer::release() {
  std::free(std::exchange(data_, nullptr));
  capacity_ = begin_ = end_ = 0;
}

}  // namespace appd::reactor
