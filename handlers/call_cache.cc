#include "appd/handlers/call_cache.h"

namespace appd::handlers {

std::optional<CallCache::Call> CallCache::find(std::string_view content) {
  if (!content.ends_with('}') || content.size() > protocol::kMaxJsonBytes) return std::nullopt;
  for (std::size_t i = 0; i < kEntries; ++i) {
    const std::size_t index = (latest_ + i) % kEntries;
    const Entry& entry = entries_[index];
    if (entry.begin.empty() || !content.starts_with(entry.begin)) continue;
    std::string_view rest = content;
    rest.remove_prefix(entry.begin.size());
    rest.remove_suffix(1);
    const std::optional<JsonView> value = JsonView::plain_scalar(rest);
    if (!value) return std::nullopt;
    latest_ = index;
    return Call{entry.action, *value};
  }
  return std::nullopt;
}

void CallCache::remember(std::string_view content, JsonView value, const Action& action) {
  const std::string_view text = value.text();
  const auto begin_bytes = static_cast<std::size_t>(text.data() - content.data());
  const bool ends_with_it = begin_bytes + text.size() + 1 == content.size();
  if (!ends_with_it || begin_bytes > kMaxBeginBytes || !JsonView::plain_scalar(text)) return;
  Entry& entry = entries_[oldest_];
  latest_ = oldest_;
  oldest_ = (oldest_ + 1) % kEntries;
  entry.begin.assign(content.substr(0, begin_bytes));
  entry.action = &action;
}

}  // namespace appd::handlers
