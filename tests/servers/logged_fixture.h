// The waiting fixture with a log that a case can read.
#pragma once

#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/servers/calls/waiting_fixture.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/text_file.h"

namespace appd::servers::testing {

struct LoggedFixture : WaitingFixture {
  LoggedFixture() { used_log = &*written; }
  ~LoggedFixture() {  // the worker goes before its log
    held.clear();
    worker.reset();
  }

  // All lines so far, without their times. The worker and its log end with that.
  [[nodiscard]] std::vector<std::string> lines() {
    held.clear();
    worker.reset();
    written.reset();
    std::vector<std::string> found;
    std::istringstream text(appd::testing::read_text_file(options.file));
    for (std::string line; std::getline(text, line);) found.push_back(line.substr(28));
    return found;
  }
  // Those that begin with `begin`.
  [[nodiscard]] std::vector<std::string> lines(std::string_view begin) {
    std::vector<std::string> found = lines();
    std::erase_if(found, [&](const std::string& line) { return !line.starts_with(begin); });
    return found;
  }

  appd::testing::TemporaryFolder folder;
  const logging::LogOptions options{.level = logging::Level::kDebug, .file = folder.file("log")};
  std::optional<logging::Log> written{std::in_place, options};
};

}  // namespace appd::servers::testing
