// The system's limit on open files (getrlimit(2), RLIMIT_NOFILE), and what it leaves for
// connections.
#pragma once

#include <cstddef>

namespace appd::machine {

// Kept free of connections: standard streams, log and its successor while reopening, pid file,
// configuration, name resolution, a library's own.
inline constexpr std::size_t kReservedFiles = 32;
// What a loop opens besides listeners and connections: poller, wake-up, signals, and room for
// accepting one more in order to refuse it.
inline constexpr std::size_t kReservedFilesPerLoop = 8;

// Raises the soft limit as far as the hard limit lets it, and returns the soft limit then in force.
// Never fails: where raising is refused the limit stays as it was.
std::size_t raise_file_limit();

// `file_limit` less the reserves, less one file a listening socket; at least 1.
[[nodiscard]] std::size_t usable_connections(std::size_t file_limit, std::size_t loops,
                                             std::size_t listening_sockets);

}  // namespace appd::machine
