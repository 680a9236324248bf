#include "appd/machine/cgroup.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <sstream>

namespace appd::machine {
namespace {

// A line of /proc/self/mountinfo, as far as it matters here (proc_pid_mountinfo(5)).
struct Mount {
  std::string group;   // what of the hierarchy is mounted
  std::string folder;  // where
  std::string kind;    // of file system
  std::string options;
};

std::optional<Mount> parse_mount(const std::string& line) {
  std::istringstream fields(line);
  std::string skipped;
  Mount mount;
  fields >> skipped >> skipped >> skipped >> mount.group >> mount.folder;
  while (fields >> skipped && skipped != "-") {
  }
  fields >> mount.kind >> skipped >> mount.options;
  if (!fields) return std::nullopt;
  return mount;
}

// Whether `word` is one of those that commas separate.
bool lists(const std::string& words, std::string_view word) {
  std::istringstream list(words);
  for (std::string one; std::getline(list, one, ',');) {
    if (one == word) return true;
  }
  return false;
}

// The whole number at the file's begin, or behind so many words. nullopt: no file, "max", -1.
std::optional<std::uint64_t> number_in(const std::string& path, int words_before = 0) {
  std::ifstream file(path);
  std::string word;
  for (int i = 0; i <= words_before; ++i) file >> word;
  std::uint64_t number = 0;
  const char* const end = word.data() + word.size();
  const auto [stopped, error] = std::from_chars(word.data(), end, number);
  if (!file || error != std::errc() || stopped != end) return std::nullopt;
  return number;
}

std::optional<std::size_t> quota_in(const std::string& folder, bool unified) {
  const auto quota = number_in(folder + (unified ? "/cpu.max" : "/cpu.cfs_quota_us"));
  const auto period =
      unified ? number_in(folder + "/cpu.max", 1) : number_in(folder + "/cpu.cfs_period_us");
  if (!quota || !period || *period == 0) return std::nullopt;
  const std::uint64_t cpus = *quota / *period + (*quota % *period == 0 ? 0 : 1);
  return static_cast<std::size_t>(std::max<std::uint64_t>(cpus, 1));
}

}  // namespace

std::optional<std::size_t> Cgroups::cpu_quota() const {
  std::optional<std::size_t> least;
  for (const Folders& hierarchy : folders("cpu")) {
    for (const std::string& path : hierarchy.paths) {
      const auto quota = quota_in(path, hierarchy.unified);
      if (quota) least = std::min(least.value_or(*quota), *quota);
    }
  }
  return least;
}

std::optional<std::uint64_t> Cgroups::exhausted_pids() const {
  for (const Folders& hierarchy : folders("pids")) {
    for (const std::string& path : hierarchy.paths) {
      const auto most = number_in(path + "/pids.max");
      const auto now = number_in(path + "/pids.current");
      if (most && now && *now >= *most) return most;
    }
  }
  return std::nullopt;
}

std::vector<Cgroups::Folders> Cgroups::folders(std::string_view controller) const {
  std::vector<Folders> found;
  std::ifstream mounts(root_ + "/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    const auto mount = parse_mount(line);
    const bool unified = mount && mount->kind == "cgroup2";
    const bool legacy = mount && mount->kind == "cgroup" && lists(mount->options, controller);
    if (!unified && !legacy) continue;
    std::string path = own_path(unified ? "" : controller);
    // In a container the mount may begin further down than the paths that the process sees.
    if (mount->group != "/") {
      path = path.starts_with(mount->group) ? path.substr(mount->group.size()) : "";
    }
    Folders hierarchy{.unified = unified, .paths = {}};
    const std::string top = root_ + mount->folder;
    for (; !path.empty() && path != "/"; path.resize(path.find_last_of('/'))) {
      hierarchy.paths.push_back(top + path);
    }
    hierarchy.paths.push_back(top);
    found.push_back(std::move(hierarchy));
  }
  return found;
}

// Lines are NUMBER:CONTROLLERS:PATH; version 2's has no controllers.
std::string Cgroups::own_path(std::string_view controller) const {
  std::ifstream groups(root_ + "/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const std::size_t first = line.find(':');
    const std::size_t second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const bool is_it = controller.empty() ? controllers.empty() : lists(controllers, controller);
    if (is_it) return line.substr(second + 1);
  }
  return "";
}

}  // namespace appd::machine
