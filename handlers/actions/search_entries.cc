#include "appd/handlers/actions/search_entries.h"

#include "appd/protocol/text/json.h"
#include "appd/protocol/text/printable_text.h"

namespace appd::handlers {

using protocol::JsonKind;
using protocol::JsonView;
using protocol::Result;
using protocol::Status;

namespace {

// Keeps the first thing that is wrong; what comes behind it is not looked at.
struct EntryCollector {
  SearchEntries entries;
  std::string problem;

  void add(std::string_view query, JsonView text) {
    if (!problem.empty()) return;
    if (text.kind() != JsonKind::kString) {
      problem = "search entry " + protocol::in_quotes(query) + " must be a string, not ";
      problem += json_kind_name(text.kind());
      return;
    }
    std::string scratch;
    const bool added = entries.emplace(query, text.string(scratch)).second;
    if (!added) problem = "search entry " + protocol::in_quotes(query) + " is there twice";
  }
};

}  // namespace

SearchEntries tutorial_search_entries() {
  return {{"morpheus", "Follow the white rabbit. \U0001f430"},
          {"ring", "In the caves beneath the Misty Mountains. \U0001f48d"},
          {"\U0001f436", "\U0001f43e Playing ball! \U0001f3d0"}};
}

Result<SearchEntries> parse_search_entries(std::string_view json_text) {
  protocol::JsonReader reader;
  EntryCollector collector;
  const Result<void> read = reader.read_object(
      json_text,
      [&collector](std::string_view query, JsonView text) { collector.add(query, text); });
  if (!read) return tl::unexpected(read.error());
  if (!collector.problem.empty()) {
    return protocol::fail(Status::kInvalidArgument, std::move(collector.problem));
  }
  return std::move(collector.entries);
}

}  // namespace appd::handlers
