#include "servers/read_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "reactor/owned_fd.h"
#include "servers/printable_text.h"

namespace appd::servers {
namespace {
constexpr std::size_t kPieceBytes = 64 * 1024;
}  // namespace

reactor::Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  const reactor::OwnedFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return reactor::system_failure(errno, "open " + in_quotes(path));
  std::string content;
  std::array<char, kPieceBytes> piece;
  while (true) {
    const ssize_t count = ::read(file.get(), piece.data(), piece.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return reactor::system_failure(errno, "read " + in_quotes(path));
    if (count == 0) return content;
    const auto bytes = static_cast<std::size_t>(count);
    if (bytes > max_bytes - content.size()) {
      return reactor::fail(
          std::make_error_code(std::errc::file_too_large),
          "read " + in_quotes(path) + ": larger than " + std::to_string(max_bytes) + " bytes");
    }
    content.append(piece.data(), bytes);
  }
}

}  // namespace appd::servers
