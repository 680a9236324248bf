#include "appd/handlers/call_cache.h"

namespace appd::handlers {

const Action* CallCache::value_of(const Entry& entry, std::string_view content,
                                  std::optional<JsonView>& value) const {
  const std::string_view rest = content.substr(entry.begin.size());
  if (!rest.ends_with('}') || rest.size() > protocol::kMaxJsonBytes) return nullptr;
  const std::string_view text = rest.substr(0, rest.size() - 1);
  value = JsonView::plain_scalar(text, content.data());
  if (value) [[likely]]
    return entry.action;
  value = JsonView::plain_nested(text, depth_);
  return value ? entry.action : nullptr;
}

const Action* CallCache::find_other(std::string_view content, std::optional<JsonView>& value) {
  for (std::size_t i = 1; i < kEntries; ++i) {
    const std::size_t index = (latest_ + i) % kEntries;
    if (!entries_[index].begins(content)) continue;
    const Action* const action = value_of(entries_[index], content, value);
    if (action != nullptr) latest_ = index;
    return action;
  }
  return nullptr;
}

void CallCache::remember(std::string_view content, JsonView value, const Action& action) {
  if (content.size() > kMaxContentBytes) return;
  const std::string_view text = value.text();
  const auto begin_bytes = static_cast<std::size_t>(text.data() - content.data());
  const bool ends_with_it = begin_bytes + text.size() + 1 == content.size();
  if (!ends_with_it || begin_bytes > kMaxBeginBytes) return;
  if (!JsonView::plain_scalar(text) && !JsonView::plain_nested(text, depth_)) return;
  Entry& entry = entries_[oldest_];
  latest_ = oldest_;
  oldest_ = (oldest_ + 1) % kEntries;
  entry.begin.assign(content.substr(0, begin_bytes));
  entry.action = &action;
}

}  // namespace appd::handlers
