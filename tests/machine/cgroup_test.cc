#include "appd/machine/cgroup.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <thread>

#include "appd/machine/usable_cpus.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

using namespace appd::machine;
using namespace appd::testing;

namespace {

// The files of a system, below a folder of the test's.
struct System {
  appd::testing::TemporaryFolder folder;
  Cgroups cgroups{folder.path()};

  void file(const std::string& path, const std::string& text) const {
    const std::filesystem::path whole = folder.path() + path;
    std::filesystem::create_directories(whole.parent_path());
    write_text_file(whole.string(), text);
  }
};

struct Unified : System {
  Unified() {
    file("/proc/self/cgroup", "0::/system/appd\n");
    file("/proc/self/mountinfo",
         "22 1 0:20 / / rw - ext4 /dev/vda rw\n"
         "30 22 0:27 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }
};

struct Legacy : System {
  Legacy() {
    file("/proc/self/cgroup", "9:name=systemd:/\n8:pids:/jobs\n2:cpu,cpuacct:/jobs\n0::/\n");
    file("/proc/self/mountinfo",
         "31 30 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
         "38 30 0:35 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n"
         "40 30 0:37 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  }
};

}  // namespace

TEST_CASE_FIXTURE(System, "control groups: without any there is no quota") {
  CHECK_FALSE(cgroups.cpu_quota());
  CHECK_FALSE(cgroups.exhausted_pids());
}

TEST_CASE_FIXTURE(Unified, "control groups: version 2's quota is rounded up, and at least 1") {
  for (const auto& quota : {std::pair("150000 100000\n", 2), std::pair("200000 100000\n", 2),
                            std::pair("1000 100000\n", 1), std::pair("50000 25000\n", 2)}) {
    const auto& [text, cpus] = quota;
    CAPTURE(quota.first);  // clang 14 captures no structured binding
    file("/sys/fs/cgroup/system/appd/cpu.max", text);
    CHECK(cgroups.cpu_quota() == static_cast<std::size_t>(cpus));
  }
}

TEST_CASE_FIXTURE(Unified, "control groups: version 2 without a quota, or with a text of its own") {
  for (const char* text : {"max 100000\n", "", "100000\n", "100000 0\n", "x y\n"}) {
    CAPTURE(text);
    file("/sys/fs/cgroup/system/appd/cpu.max", text);
    CHECK_FALSE(cgroups.cpu_quota());
  }
}

TEST_CASE_FIXTURE(Unified, "control groups: the least quota of those around it counts") {
  file("/sys/fs/cgroup/system/appd/cpu.max", "400000 100000\n");
  file("/sys/fs/cgroup/system/cpu.max", "300000 100000\n");
  CHECK(cgroups.cpu_quota() == 3U);
  file("/sys/fs/cgroup/cpu.max", "max 100000\n");
  CHECK(cgroups.cpu_quota() == 3U);
  file("/sys/fs/cgroup/cpu.max", "100000 100000\n");
  CHECK(cgroups.cpu_quota() == 1U);
}

TEST_CASE_FIXTURE(System, "control groups: in a container the mount begins at the container's") {
  file("/proc/self/cgroup", "0::/docker/abc/inner\n");
  file("/proc/self/mountinfo", "30 22 0:27 /docker/abc /sys/fs/cgroup ro - cgroup2 cgroup rw\n");
  file("/sys/fs/cgroup/cpu.max", "200000 100000\n");
  CHECK(cgroups.cpu_quota() == 2U);
  file("/sys/fs/cgroup/inner/cpu.max", "100000 100000\n");
  CHECK(cgroups.cpu_quota() == 1U);
  file("/proc/self/cgroup", "0::/somewhere/else\n");
  CHECK(cgroups.cpu_quota() == 2U);
}

TEST_CASE_FIXTURE(Legacy, "control groups: version 1's quota is rounded up; -1 is none") {
  const std::string group = "/sys/fs/cgroup/cpu,cpuacct/jobs";
  file(group + "/cpu.cfs_period_us", "100000\n");
  file(group + "/cpu.cfs_quota_us", "250000\n");
  CHECK(cgroups.cpu_quota() == 3U);
  file(group + "/cpu.cfs_quota_us", "-1\n");
  CHECK_FALSE(cgroups.cpu_quota());
}

TEST_CASE_FIXTURE(Legacy, "control groups: a limit of threads counts where it is reached") {
  file("/sys/fs/cgroup/pids/jobs/pids.max", "20\n");
  file("/sys/fs/cgroup/pids/jobs/pids.current", "19\n");
  CHECK_FALSE(cgroups.exhausted_pids());
  file("/sys/fs/cgroup/pids/jobs/pids.current", "20\n");
  CHECK(cgroups.exhausted_pids() == 20U);
  file("/sys/fs/cgroup/pids/jobs/pids.max", "max\n");
  CHECK_FALSE(cgroups.exhausted_pids());
}

TEST_CASE_FIXTURE(Unified, "usable CPUs: no more than the quota, at least 1, at most all") {
  CHECK(usable_cpus(cgroups) >= 1);
  CHECK(usable_cpus(cgroups) <= std::thread::hardware_concurrency());
  file("/sys/fs/cgroup/system/appd/cpu.max", "10000 100000\n");
  CHECK(usable_cpus(cgroups) == 1);
}
