#include "appd/clients/appctl/console.h"

#include <doctest/doctest.h>
#include <fcntl.h>

#include <filesystem>

#include "appd/clients/appctl/exit_code.h"
#include "tests/clients/appctl/command_streams.h"

namespace appd::clients {
namespace {

using testing::CommandStreams;

TEST_CASE("console: results are kept back, and written before anything is said") {
  CommandStreams files;
  Console console(files.streams());
  console.result("a");
  CHECK(files.out().empty());
  console.line("said");
  CHECK(files.out() == "a");
  console.result("b");
  CHECK(console.finish(kExitTimeout) == kExitTimeout);
  CHECK(files.out() == "ab");
  CHECK(files.err() == "said\n");
}

TEST_CASE("console: results go as bytes, lines without what is not seen") {
  CommandStreams files;
  Console console(files.streams());
  console.result("\x1b\xff\n");
  console.line("a\n\u009b\xff");
  console.lines("a\n\tb\u2028");
  CHECK(console.finish(kExitDone) == kExitDone);
  CHECK(files.out() == "\x1b\xff\n");
  CHECK(files.err() == "a\\u000a\\u009b\xef\xbf\xbd\na\n\tb\\u2028\n");
}

TEST_CASE("console: results that cannot be written make the exit code, and one line") {
  if (!std::filesystem::exists("/dev/full")) return;
  for (const auto& [code, expected] :
       {std::pair{kExitDone, kExitServerError}, {kExitTimeout, kExitTimeout}}) {
    CommandStreams files;
    const reactor::OwnedFd full(::open("/dev/full", O_WRONLY));
    Streams streams = files.streams();
    streams.out = full.get();
    Console console(streams);
    console.result("lost");
    console.flush();
    CHECK(console.failed());
    console.result("lost, too");
    CHECK(console.finish(code) == expected);
    CHECK(files.err() == "appctl: write standard output: No space left on device\n");
  }
}

}  // namespace
}  // namespace appd::clients
