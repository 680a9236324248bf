#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "appd/handlers/actions/builtin.h"
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

void answer(const Texts& entries, std::string_view query, const Request& request, Reply& reply) {
  if (const auto found = entries.find(query); found != entries.end()) {
    reply.set_text(request.form, found->second);
    return;
  }
  std::string miss = "No match for \"";
  miss.append(query).append("\".");
  reply.set_text(request.form, miss);
}

std::vector<Example> first_examples(const SearchEntries& entries) {
  std::vector<Example> examples;
  for (const auto& [query, text] : entries) {
    if (examples.size() == kDescribedEntries) break;
    examples.push_back({json_string(query), json_string(text)});
  }
  return examples;
}

}  // namespace

Action make_search(const BuiltinOptions& options) {
  // Shared, because a function may be copied and the entries may be many.
  const SearchEntries& sorted = options.search_entries;
  const auto entries = std::make_shared<const Texts>(sorted.begin(), sorted.end());
  return make_action("search",
                     [entries](std::string_view query, const Request& request, Reply& reply) {
                       answer(*entries, query, request, reply);
                     },
                     {.summary = "the text stored for a query",
                      .examples = first_examples(sorted),
                      .signature = signature_of<std::string (*)(std::string_view)>(),
                      .plain_refusals = true});
}

}  // namespace appd::handlers
