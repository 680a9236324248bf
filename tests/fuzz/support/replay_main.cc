// Runs fuzz targets on recorded inputs, in every build, without libFuzzer:
//
//   fuzz_replay TARGET FILE_OR_FOLDER...
//
// Each input's name is printed before it is run, so that the last one is to blame. Exit 0: all ran,
// and there was at least one.
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using Target = int (*)(const std::uint8_t* data, std::size_t size);

// fuzz_targets.inc has a line APPD_FUZZ_TARGET(NAME) for each (CMakeLists.txt).
#define APPD_FUZZ_TARGET(name) \
  extern "C" int appd_fuzz_##name(const std::uint8_t* data, std::size_t size);
#include "fuzz_targets.inc"
#undef APPD_FUZZ_TARGET

namespace {

namespace fs = std::filesystem;

const std::map<std::string_view, Target> kTargets = {
#define APPD_FUZZ_TARGET(name) {#name, appd_fuzz_##name},
#include "fuzz_targets.inc"
#undef APPD_FUZZ_TARGET
};

std::size_t run_file(Target target, const fs::path& path) {
  std::printf("%s\n", path.c_str());
  std::fflush(stdout);
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  target(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  return 1;
}

std::size_t run(Target target, const fs::path& path) {
  if (!fs::is_directory(path)) return run_file(target, path);
  std::size_t count = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    if (entry.is_regular_file()) count += run_file(target, entry.path());
  }
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  const auto target = kTargets.find(argc > 1 ? argv[1] : "");
  if (argc < 3 || target == kTargets.end()) {
    std::fprintf(stderr, "usage: fuzz_replay TARGET FILE_OR_FOLDER...; the targets are:\n");
    for (const auto& [name, unused] : kTargets) std::fprintf(stderr, "  %s\n", name.data());
    return 2;
  }
  std::size_t count = 0;
  for (int i = 2; i < argc; ++i) count += run(target->second, argv[i]);
  std::printf("%zu inputs\n", count);
  return count > 0 ? 0 : 1;
}
