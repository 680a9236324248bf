// Two ends of an in-memory byte stream, for tests without sockets. One thread.
//
//   auto [client, server] = make_memory_pair();
//
// Each direction is a pipe of bounded capacity: a write beyond it moves a prefix or would block. An
// end that is destroyed with bytes it has not read resets the stream, like TCP.
#pragma once

#include <cstddef>
#include <memory>
#include <system_error>
#include <utility>

#include "reactor/buffer.h"
#include "reactor/transport.h"
#include "tests/support/memory_descriptors.h"

namespace appd::testing {

inline constexpr std::size_t kDefaultPipeCapacityBytes = 64 * 1024;

// One direction. Shared by its two ends.
struct MemoryPipe {
  explicit MemoryPipe(std::size_t capacity) : capacity_bytes(capacity) {}

  [[nodiscard]] std::size_t room() const {
    return bytes.size() < capacity_bytes ? capacity_bytes - bytes.size() : 0;
  }

  std::size_t capacity_bytes;
  reactor::Buffer bytes;
  bool ended = false;        // the writer will send no more
  bool reader_gone = false;  // a write is EPIPE
  bool reset = false;        // a read is ECONNRESET, the bytes are lost
};

// What an end knows of its place in a world.
struct MemoryAddress {
  MemoryDescriptors* descriptors = nullptr;  // outlives the end; null: no poller knows it
  reactor::Endpoint local;
  reactor::Endpoint peer;
};

class MemoryTransport final : public reactor::Transport, private MemorySource {
 public:
  MemoryTransport(std::shared_ptr<MemoryPipe> incoming, std::shared_ptr<MemoryPipe> outgoing,
                  const MemoryAddress& address);
  // An attempt to connect that failed: readable and writable, every use of it is `reason`.
  MemoryTransport(std::error_code reason, const MemoryAddress& address);
  ~MemoryTransport() override;

  [[nodiscard]] reactor::Descriptor descriptor() const override { return descriptor_; }
  [[nodiscard]] reactor::IoResult read(std::span<std::byte> into) override;
  [[nodiscard]] reactor::IoResult write(std::span<const std::byte> head,
                                        std::span<const std::byte> body) override;
  [[nodiscard]] reactor::IoResult shutdown_write() override;
  [[nodiscard]] std::error_code connect_result() override { return connect_error_; }
  [[nodiscard]] reactor::Endpoint local_endpoint() const override { return address_.local; }
  [[nodiscard]] reactor::Endpoint peer_endpoint() const override { return address_.peer; }

  // Breaks the stream: the peer's next read is ECONNRESET, its next write EPIPE.
  void reset();
  // What this end may send before it would block. Bytes beyond a smaller one stay.
  void set_send_capacity(std::size_t bytes) { outgoing_->capacity_bytes = bytes; }

 private:
  [[nodiscard]] bool readable() const override;
  [[nodiscard]] bool writable() const override;
  [[nodiscard]] std::size_t push(std::span<const std::byte> bytes);

  MemoryAddress address_;
  reactor::Descriptor descriptor_ = reactor::kNoDescriptor;
  std::shared_ptr<MemoryPipe> incoming_;
  std::shared_ptr<MemoryPipe> outgoing_;
  std::error_code connect_error_;
};

struct MemoryPair {
  std::unique_ptr<MemoryTransport> first;
  std::unique_ptr<MemoryTransport> second;
};

// Of a world when `first` and `second` name its descriptors.
[[nodiscard]] MemoryPair make_memory_pair(std::size_t capacity_bytes = kDefaultPipeCapacityBytes,
                                          const MemoryAddress& first = {},
                                          const MemoryAddress& second = {});

}  // namespace appd::testing
