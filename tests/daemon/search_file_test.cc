#include "appd/daemon/search_file.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "appd/options/start_error.h"
#include "appd/reactor/posix/owned_fd.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

using namespace appd::daemon;
using namespace appd::options;
using namespace appd::testing;

namespace {

std::string refusal(const std::string& path) {
  try {
    static_cast<void>(read_search_file(path));
  } catch (const StartError& error) {
    CHECK(error.exit_code() == ExitCode::kFailure);
    return error.what();
  }
  return "taken";
}

}  // namespace

TEST_CASE("search file: an object of strings becomes the entries") {
  const appd::testing::TemporaryFolder folder;
  write_text_file(folder.file("s.json"), R"({"a": "b", "c": ""})");
  const auto entries = read_search_file(folder.file("s.json"));
  CHECK(entries == appd::handlers::SearchEntries{{"a", "b"}, {"c", ""}});
}

TEST_CASE("search file: a byte order mark in front is skipped") {
  const appd::testing::TemporaryFolder folder;
  write_text_file(folder.file("s.json"), "\xef\xbb\xbf{\"a\": \"b\"}");
  CHECK(read_search_file(folder.file("s.json")) == appd::handlers::SearchEntries{{"a", "b"}});
}

TEST_CASE("search file: however deep one nests, it is refused and uses no stack") {
  const appd::testing::TemporaryFolder folder;
  const std::string path = folder.file("s.json");
  for (const char* opening : {"[", "{\"a\":"}) {
    std::string deep = "{\"a\": ";
    while (deep.size() < 4 * 1024 * 1024) deep += opening;
    write_text_file(path, deep);
    CHECK(refusal(path).starts_with("search file \"" + path + "\": "));
  }
}

TEST_CASE("search file: one that is missing, a folder or not as it should be is named") {
  const appd::testing::TemporaryFolder folder;
  const std::string path = folder.file("s.json");
  CHECK(refusal(path) == "search file: open \"" + path + "\": No such file or directory");
  CHECK(refusal(folder.path()).find(folder.path()) != std::string::npos);
  write_text_file(path, R"({"a": 1})");
  CHECK(refusal(path).starts_with("search file \"" + path + "\": "));
  write_text_file(path, "[]");
  CHECK(refusal(path).starts_with("search file \"" + path + "\": "));
}

TEST_CASE("search file: a FIFO is refused at once, whether somebody has it open or not") {
  const appd::testing::TemporaryFolder folder;
  const std::string path = folder.file("fifo");
  REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
  const std::string line = "search file: read \"" + path + "\": it is a pipe; give a regular file";
  CHECK(refusal(path) == line);
  const appd::reactor::OwnedFd open_end(::open(path.c_str(), O_RDWR));
  CHECK(refusal(path) == line);
}

TEST_CASE("search file: a device that has its bytes at once is read as a file is") {
  CHECK(refusal("/dev/null").starts_with("search file \"/dev/null\": "));  // empty: no object
}
