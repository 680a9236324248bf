#include "appd/options/read_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "appd/protocol/text/printable_text.h"
#include "appd/reactor/posix/owned_fd.h"

namespace appd::options {
namespace {
constexpr std::size_t kPieceBytes = 64 * 1024;
}  // namespace

reactor::Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: or else open(2) waits for a FIFO's writer, and read(2) for a terminal's.
  const reactor::OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  if (!file.valid()) return reactor::system_failure(errno, "open " + protocol::in_quotes(path));
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) {
    return reactor::system_failure(errno, "read " + protocol::in_quotes(path));
  }
  // Where a FIFO has no writer, it looks like an empty file.
  if (S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode)) {
    return reactor::fail(
        std::make_error_code(std::errc::invalid_argument),
        "read " + protocol::in_quotes(path) + ": it is a pipe; give a regular file");
  }
  std::string content;
  std::array<char, kPieceBytes> piece;
  while (true) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return reactor::system_failure(errno, "read " + protocol::in_quotes(path));
    if (count == 0) return content;
    const auto bytes = static_cast<std::size_t>(count);
    if (bytes > max_bytes - content.size()) {
      return reactor::fail(std::make_error_code(std::errc::file_too_large),
                           "read " + protocol::in_quotes(path) + ": larger than " +
                               std::to_string(max_bytes) + " bytes");
    }
    content.append(piece.data(), bytes);
  }
}

}  // namespace appd::options
