// Which control groups this process is in, and what they allow (cgroups(7)), of both versions. On
// other systems there are none.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace appd::machine {

class Cgroups {
 public:
  // Reads /proc and what is mounted. `root` stands in front of every path: a folder of a test's.
  explicit Cgroups(std::string root = "") : root_(std::move(root)) {}

  // CPUs' worth of time: the least of the quotas of this group and those around it, rounded up.
  // nullopt: no quota.
  [[nodiscard]] std::optional<std::size_t> cpu_quota() const;
  // Of the groups whose limit of processes and threads is reached, the innermost one's limit.
  // nullopt: none is.
  [[nodiscard]] std::optional<std::uint64_t> exhausted_pids() const;

 private:
  struct Folders {
    bool unified = false;            // version 2
    std::vector<std::string> paths;  // this group's, then those around it
  };
  // Of version 1's `controller`, else of version 2, which has all that are not there.
  [[nodiscard]] std::vector<Folders> folders(std::string_view controller) const;
  [[nodiscard]] std::string own_path(std::string_view controller) const;

  const std::string root_;
};

}  // namespace appd::machine
