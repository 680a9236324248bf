#include "tests/support/memory_transport.h"

#include <algorithm>
#include <cerrno>

namespace appd::testing {
namespace {

using reactor::Interest;
using reactor::IoOutcome;
using reactor::IoResult;

IoResult moved(std::size_t bytes) { return {IoOutcome::kBytes, Interest::kNone, bytes, {}}; }

IoResult would_block(Interest wants) { return {IoOutcome::kWouldBlock, wants, 0, {}}; }

IoResult end_of_stream() { return {IoOutcome::kEnd, Interest::kNone, 0, {}}; }

IoResult broken(std::error_code error) { return {IoOutcome::kError, Interest::kNone, 0, error}; }

std::error_code system_error(int error) { return {error, std::system_category()}; }

}  // namespace

MemoryTransport::MemoryTransport(std::shared_ptr<MemoryPipe> incoming,
                                 std::shared_ptr<MemoryPipe> outgoing, const MemoryAddress& address)
    : address_(address), incoming_(std::move(incoming)), outgoing_(std::move(outgoing)) {
  if (address_.descriptors != nullptr) descriptor_ = address_.descriptors->add(*this);
}

MemoryTransport::MemoryTransport(std::error_code reason, const MemoryAddress& address)
    : MemoryTransport(std::make_shared<MemoryPipe>(0), std::make_shared<MemoryPipe>(0), address) {
  connect_error_ = reason;
}

MemoryTransport::~MemoryTransport() {
  if (!incoming_->bytes.empty()) outgoing_->reset = true;
  outgoing_->ended = true;
  incoming_->reader_gone = true;
  if (address_.descriptors != nullptr) address_.descriptors->remove(descriptor_);
}

IoResult MemoryTransport::read(std::span<std::byte> into) {
  if (connect_error_) return broken(connect_error_);
  if (into.empty()) return moved(0);
  if (incoming_->reset) return broken(system_error(ECONNRESET));
  const auto waiting = incoming_->bytes.bytes();
  const std::size_t count = std::min(waiting.size(), into.size());
  if (count == 0) return incoming_->ended ? end_of_stream() : would_block(Interest::kRead);
  std::copy_n(waiting.begin(), count, into.begin());
  incoming_->bytes.consume(count);
  return moved(count);
}

IoResult MemoryTransport::write(std::span<const std::byte> head, std::span<const std::byte> body) {
  if (connect_error_) return broken(connect_error_);
  if (head.empty() && body.empty()) return moved(0);
  if (outgoing_->reader_gone || outgoing_->ended) return broken(system_error(EPIPE));
  if (outgoing_->room() == 0) return would_block(Interest::kWrite);
  const std::size_t count = push(head);
  return moved(count < head.size() ? count : count + push(body));
}

std::size_t MemoryTransport::push(std::span<const std::byte> bytes) {
  const std::size_t count = std::min(bytes.size(), outgoing_->room());
  outgoing_->bytes.append(bytes.first(count));
  return count;
}

IoResult MemoryTransport::shutdown_write() {
  if (connect_error_) return broken(connect_error_);
  outgoing_->ended = true;
  return moved(0);
}

void MemoryTransport::reset() {
  for (const auto& pipe : {incoming_, outgoing_}) {
    pipe->bytes.release();
    pipe->reset = pipe->reader_gone = pipe->ended = true;
  }
}

bool MemoryTransport::readable() const {
  return connect_error_ || incoming_->reset || incoming_->ended || !incoming_->bytes.empty();
}

bool MemoryTransport::writable() const {
  return connect_error_ || outgoing_->reader_gone || outgoing_->ended || outgoing_->room() > 0;
}

MemoryPair make_memory_pair(std::size_t capacity_bytes, const MemoryAddress& first,
                            const MemoryAddress& second) {
  auto there = std::make_shared<MemoryPipe>(capacity_bytes);
  auto back = std::make_shared<MemoryPipe>(capacity_bytes);
  return {std::make_unique<MemoryTransport>(back, there, first),
          std::make_unique<MemoryTransport>(there, back, second)};
}

}  // namespace appd::testing
