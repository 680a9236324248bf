#include "appd/protocol/owned_header.h"

#include <array>
#include <cstddef>
#include <string_view>

namespace appd::protocol {

void OwnedHeader::assign(const MessageHeader& header) {
  view_ = header;
  view_.content_length_digits = {};
  const std::array<std::string_view*, 6> views = {&view_.content_type,
                                                  &view_.content_encoding,
                                                  &view_.request_id,
                                                  &view_.json,
                                                  view_.action ? &*view_.action : nullptr,
                                                  view_.status ? &*view_.status : nullptr};
  std::size_t total = 0;
  for (const std::string_view* view : views) total += view != nullptr ? view->size() : 0;
  text_.clear();
  text_.reserve(total);  // so that what a view borrows from never moves
  for (std::string_view* view : views) {
    if (view == nullptr) continue;
    const std::size_t begin = text_.size();
    text_.append(*view);
    *view = std::string_view(text_).substr(begin);
  }
}

}  // namespace appd::protocol
