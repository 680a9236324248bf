#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "appd/handlers/actions/builtin.h"
#include "appd/handlers/typed/argument.h"
#include "appd/handlers/typed/typed.h"

namespace appd::handlers {

namespace {

// Enough to see what it is about; a user's file may have millions.
constexpr std::size_t kDescribedEntries = 3;

std::string json_string(std::string_view text) {
  std::string json;
  protocol::append_json_string(json, text);
  return json;
}

// So that a view finds a string.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const {
    return std::hash<std::string_view>()(text);
  }
};
using Texts = std::unordered_map<std::string, std::string, TextHash, std::equal_to<>>;

Result<void> answer(const Texts& entries, const Request& request, Reply& reply) {
  std::string scratch;
  const Result<std::string_view> query = string_argument(request, scratch);
  if (!query) return tl::unexpected(query.error());

  std::string miss;
  std::string_view text;
  if (const auto found = entries.find(*query); found != entries.end()) {
    text = found->second;
  } else {
    miss.append("No match for \"").append(*query).append("\".");
    text = miss;
  }
  if (request.form == Request::Form::kBinary) {
    reply.set_binary(text);
  } else {
    reply.set_string(text);
  }
  return {};
}

}  // namespace

Action make_search(const BuiltinOptions& options) {
  // Shared, because a std::function may be copied and the entries may be many.
  const SearchEntries& sorted = options.search_entries;
  const auto entries = std::make_shared<const Texts>(sorted.begin(), sorted.end());
  Action action;
  action.name = "search";
  action.summary = "the text stored for a query";
  action.handler = [entries](const Request& request, Reply& reply) {
    return answer(*entries, request, reply);
  };
  action.signature = signature_of<std::string (*)(std::string)>();
  for (const auto& [query, text] : sorted) {
    if (action.examples.size() == kDescribedEntries) break;
    action.examples.push_back({json_string(query), json_string(text)});
  }
  return action;
}

}  // namespace appd::handlers
