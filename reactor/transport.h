// One byte stream to a peer, non-blocking: a socket, a TLS session around another transport, a wire
// of the simulated world, or an in-memory pipe of a test. tests/contract runs over every sibling.
// Who owns one of any kind holds an AnyTransport.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <system_error>

#include "appd/reactor/endpoint.h"
#include "appd/reactor/poller.h"

namespace appd::reactor {

// The other end of a Unix socket, when it connected; later the number may be another process's.
struct PeerProcess {
  std::uint64_t uid = 0;
  std::optional<std::int64_t> pid = {};  // nullopt: the system does not tell
};

enum class IoOutcome : std::uint8_t {
  kBytes,       // `bytes` were moved: at least one, unless none were asked for
  kWouldBlock,  // none now; `wants` is the readiness to wait for
  kEnd,         // read only: the peer will send no more
  kError,       // the stream is broken; `error` says how, only destruction is left
};

struct IoResult {
  IoOutcome outcome = IoOutcome::kBytes;
  // With kWouldBlock. A socket wants what was tried; TLS may want the other direction.
  Interest wants = Interest::kNone;
  std::size_t bytes = 0;
  std::error_code error;
};

class Transport {
 public:
  virtual ~Transport() = default;

  // What the poller watches; the transport closes it in its destructor.
  [[nodiscard]] virtual Descriptor descriptor() const = 0;

  // Moves up to into.size() bytes. A short count does not promise that nothing is left.
  // EINTR is handled inside. A peer's reset is kError (ECONNRESET).
  [[nodiscard]] virtual IoResult read(std::span<std::byte> into) = 0;

  // Sends `head` and behind it `body` (either may be empty) in one system call where possible;
  // moves a prefix of the two together. A peer that is gone is kError (EPIPE); no signal is raised.
  [[nodiscard]] virtual IoResult write(std::span<const std::byte> head,
                                       std::span<const std::byte> body) = 0;

  // write(), where shutdown_write() follows at once if all was taken: the bytes may wait for it, so
  // that bytes and end leave in one piece. A hint.
  [[nodiscard]] virtual IoResult write_last(std::span<const std::byte> head,
                                            std::span<const std::byte> body) {
    return write(head, body);
  }

  // Ends the sending direction; the peer reads the end behind all bytes written so far.
  // kBytes: done. Calling it again is harmless.
  [[nodiscard]] virtual IoResult shutdown_write() = 0;

  // Plain bytes that a read() would return without the descriptor being readable (TLS records).
  [[nodiscard]] virtual bool has_buffered_input() const { return false; }

  // Whether the peer has ended its sending, or the stream is broken, told without reading: there
  // may be bytes in front of that. A hint: false where a transport cannot tell.
  [[nodiscard]] virtual bool peer_ended() const { return false; }

  // Whether a read() would give bytes now, told without reading. A hint: false where a transport
  // cannot tell, and true where the bytes are its own affair (of a TLS session).
  [[nodiscard]] virtual bool input_waiting() const { return false; }

  // What was written and has not reached the peer, as far as the system tells: bytes that its
  // system has not acknowledged (TCP, where our end counts as one), or that it has not read (Unix
  // sockets, which count memory instead of bytes). That it shrinks, or that more could be written
  // while it did not grow, is the progress of a reader; a write that succeeds is none, because it
  // only tells that the system had room. 0: all has arrived, or the system does not tell.
  [[nodiscard]] virtual std::size_t unacknowledged_bytes() const { return 0; }

  // After a connect became writable: no error when it is established, operation_in_progress when
  // the readiness was spurious and is to be waited for again, connection_refused also when it found
  // itself, not_connected when it failed and the system does not tell why any more.
  [[nodiscard]] virtual std::error_code connect_result() = 0;

  // Asked of the system when called, not stored.
  [[nodiscard]] virtual Endpoint local_endpoint() const = 0;
  [[nodiscard]] virtual Endpoint peer_endpoint() const = 0;
  // Likewise; nullopt: it is not known, because the peer is on another machine.
  [[nodiscard]] virtual std::optional<PeerProcess> peer_process() const { return std::nullopt; }
};

}  // namespace appd::reactor
