// A server with one connection in a world of memory: a whole conversation, from accept to the end
// of the session, and what holds for every one of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "handlers/registry.h"
#include "protocol/address.h"
#include "tests/fuzz/fuzz_input.h"

namespace appd::fuzz {

struct Script {
  enum class End : std::uint8_t {
    kFinish,  // the client ends its sending side and reads on
    kStay,    // it waits until the server closes
    kReset,
    kLeave,  // closes, whatever there is to read
  };

  protocol::Protocol protocol = protocol::Protocol::kApp;
  End end = End::kFinish;
  bool reads_late = false;  // not before the server takes no more, or all is sent
  // The server's actions answer later, some sooner than those before them.
  bool answers_later = false;
  std::uint32_t slicing = 0;
  std::size_t pipe_capacity_bytes = 64 * 1024;  // what a direction holds, as a kernel's buffer
  std::string_view stream;
};

// All but the protocol, from two bytes of the input.
[[nodiscard]] Script take_script(FuzzInput& input);

inline constexpr std::uint64_t kMaxContent = 4096;  // of the server, small enough to be exceeded

struct Outcome {
  std::string received;
  bool orderly_end = false;
};

// Checked on the way: the server never spins and takes all that is sent, its buffers keep to their
// budget, the session ends by itself, and leaves neither memory nor descriptors.
[[nodiscard]] Outcome serve(const Script& script);

// The built-in actions; what the server's say, be it later.
[[nodiscard]] const handlers::Registry& served_actions();

// Removes a whole error message from the front of `received`: `status` is the one it tells, or
// none.
void take_error_reply(std::string_view& received, std::string_view status);

}  // namespace appd::fuzz
