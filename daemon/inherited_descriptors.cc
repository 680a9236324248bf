#include "appd/daemon/inherited_descriptors.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <optional>

namespace appd::daemon {
namespace {

std::optional<OpenDescriptor> look_at(int number) {
  struct stat status {};
  if (::fstat(number, &status) != 0) return std::nullopt;
  return OpenDescriptor{number, status.st_dev, status.st_ino};
}

struct CloseFolder {
  void operator()(DIR* folder) const { ::closedir(folder); }
};

// Before main(), so that nothing which the program opens on purpose is among them.
const std::vector<OpenDescriptor> inherited = open_descriptors();

}  // namespace

std::vector<OpenDescriptor> open_descriptors() {
  std::vector<OpenDescriptor> found;
  const std::unique_ptr<DIR, CloseFolder> folder(::opendir("/dev/fd"));
  if (folder == nullptr) return found;
  while (const dirent* entry = ::readdir(folder.get())) {
    const int number = std::atoi(entry->d_name);  // "." and "..": 0
    if (number <= STDERR_FILENO || number == ::dirfd(folder.get())) continue;
    if (const auto open = look_at(number)) found.push_back(*open);
  }
  return found;
}

const std::vector<OpenDescriptor>& inherited_descriptors() { return inherited; }

void close_descriptors(const std::vector<OpenDescriptor>& descriptors) {
  for (const OpenDescriptor& known : descriptors) {
    const auto now = look_at(known.number);
    if (now && now->device == known.device && now->file == known.file) ::close(known.number);
  }
}

}  // namespace appd::daemon
