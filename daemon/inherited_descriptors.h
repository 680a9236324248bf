// Descriptors that the process had before its own code opened any: what whoever started it left
// open, beside the standard streams. They are nobody's here, and a daemon lets go of them: a shell
// that waits for a pipe's end would wait for the daemon's.
#pragma once

#include <sys/types.h>

#include <vector>

namespace appd::daemon {

// A number alone says nothing: it is used again once it was closed.
struct OpenDescriptor {
  int number;
  dev_t device;
  ino_t file;
};

// Those from 3 up that are open now. Empty where the system does not tell (/dev/fd).
[[nodiscard]] std::vector<OpenDescriptor> open_descriptors();

// Those that were open before main() began.
[[nodiscard]] const std::vector<OpenDescriptor>& inherited_descriptors();

// Closes each that is still the same file.
void close_descriptors(const std::vector<OpenDescriptor>& descriptors);

}  // namespace appd::daemon
