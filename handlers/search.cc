#include <memory>

#include "handlers/argument.h"
#include "handlers/builtin.h"

namespace appd::handlers {

namespace {

Result<void> answer(const SearchEntries& entries, const Request& request, Reply& reply) {
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
  return {"search", "the text stored for a query",
          // Shared, because a std::function may be copied and the entries may be many.
          [entries = std::make_shared<const SearchEntries>(options.search_entries)](
              const Request& request, Reply& reply) { return answer(*entries, request, reply); },
          false};
}

}  // namespace appd::handlers
