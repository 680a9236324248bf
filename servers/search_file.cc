#include "appd/servers/search_file.h"

#include "appd/protocol/utf8.h"
#include "appd/servers/printable_text.h"
#include "appd/servers/read_file.h"
#include "appd/servers/start_error.h"

namespace appd::servers {

handlers::SearchEntries read_search_file(const std::string& path) {
  const reactor::Result<std::string> text = read_file(path, kMaxSearchFileBytes);
  if (!text) throw StartError("search file: " + text.error().message);
  auto entries = handlers::parse_search_entries(protocol::without_byte_order_mark(*text));
  if (!entries) {
    throw StartError("search file " + in_quotes(path) + ": " + entries.error().message);
  }
  return *std::move(entries);
}

}  // namespace appd::servers
