// Files of a user: the configuration and the search entries. Each is taken or refused with one
// clear line, and a configuration that is taken prints as one that means the same.
// Input: the file's bytes; both readers get them.
#include <fstream>
#include <vector>

#include "appd/daemon/options.h"
#include "appd/handlers/actions/search_entries.h"
#include "appd/options/config_file.h"
#include "appd/options/start_error.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/protocol/text/utf8.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"
#include "tests/support/temporary_folder.h"

namespace {

using namespace appd;

void write_file(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary) << text;
}

// What a terminal can show as one line.
void check_line(std::string_view line) {
  APPD_CHECK(!line.empty() && protocol::is_valid_utf8(line), line);
  APPD_CHECK(!protocol::has_hidden(line), line);
}

struct Configuration {
  daemon::Options options;
  options::OptionTable table;

  explicit Configuration(const std::string& path) {
    daemon::add_server_options(table, options);
    for (const options::GivenValue& value : options::read_config_file(path, table)) {
      table.apply(value);
    }
  }
  [[nodiscard]] std::vector<std::vector<std::string>> values() const {
    std::vector<std::vector<std::string>> all;
    for (const auto& entry : table.entries()) all.push_back(entry.option.print());
    return all;
  }
};

void check_configuration(std::string_view text) {
  static const testing::TemporaryFolder folder;
  static const std::string path = folder.file("appd.toml");
  write_file(path, text);
  try {
    const Configuration first(path);
    const std::string printed = options::print_config(first.table);
    write_file(path, printed);
    const Configuration second(path);
    APPD_CHECK(second.values() == first.values(), printed);
  } catch (const options::StartError& error) {
    check_line(error.what());
  }
}

void check_search_entries(std::string_view text) {
  const auto entries = handlers::parse_search_entries(text);
  if (!entries) {
    check_line(entries.error().message);
    return;
  }
  for (const auto& [query, found] : *entries) {
    APPD_CHECK(protocol::is_valid_utf8(query) && protocol::is_valid_utf8(found), query);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const fuzz::ExactCopy file(fuzz::FuzzInput(data, size).rest());
  check_configuration(file.text());
  check_search_entries(file.text());
  return 0;
}
