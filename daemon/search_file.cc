#include "appd/daemon/search_file.h"

#include "appd/options/read_file.h"
#include "appd/options/start_error.h"
#include "appd/protocol/text/printable_text.h"
#include "appd/protocol/text/utf8.h"

namespace appd::daemon {

handlers::SearchEntries read_search_file(const std::string& path) {
  const reactor::Result<std::string> text = options::read_file(path, kMaxSearchFileBytes);
  if (!text) throw options::StartError("search file: " + text.error().message);
  auto entries = handlers::parse_search_entries(protocol::without_byte_order_mark(*text));
  if (!entries) {
    throw options::StartError("search file " + protocol::in_quotes(path) + ": " +
                              entries.error().message);
  }
  return *std::move(entries);
}

}  // namespace appd::daemon
