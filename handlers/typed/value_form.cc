#include "appd/handlers/typed/value_form.h"

#include <algorithm>

#include "appd/protocol/text/utf8.h"

namespace appd::handlers {

namespace {

// Enough to recognise a value by; the whole may be megabytes.
constexpr std::size_t kShownTextBytes = 40;

// A step of a pointer (RFC 6901, section 3).
std::string step_to(const Site& site) {
  std::string step = "/";
  if (site.name == nullptr) return step += std::to_string(site.index);
  const std::string_view name(site.name, site.index);
  for (const char c : protocol::utf8_prefix(name, kShownTextBytes)) {
    if (c == '~') {
      step += "~0";
    } else if (c == '/') {
      step += "~1";
    } else {
      step += c;
    }
  }
  if (name.size() > kShownTextBytes) step += "...";
  return step;
}

// "a number" would not tell an integer from 5.0 or 1e3.
std::string_view plain_kind_name(protocol::JsonKind kind) {
  if (kind == protocol::JsonKind::kFraction) return "a number with a fraction or an exponent";
  return json_kind_name(kind);
}

}  // namespace

std::string internal::joined(std::initializer_list<std::string_view> texts) {
  std::string whole;
  for (const std::string_view text : texts) whole += text;
  return whole;
}

// The content itself where the header names the action, else its member "value".
std::string pointer_to(const Site& site) {
  std::string pointer;
  for (const Site* at = &site; at->outer != nullptr; at = at->outer) {
    pointer.insert(0, step_to(*at));
  }
  return site.request.header->action ? pointer : "/value" + pointer;
}

std::string expected_text(const Site& site, std::string_view expected) {
  std::string text(site.request.action);
  return text.append(site.plain_refusals ? " takes " : ": expected ").append(expected);
}

tl::unexpected<protocol::Error> unexpected_value(Status status, const Site& site,
                                                 std::string_view expected, JsonView came) {
  std::string text = expected_text(site, expected);
  if (site.plain_refusals) {
    // A number of the right kind may be millions of digits long.
    if (status != Status::kOutOfRange) text.append(", not ").append(plain_kind_name(came.kind()));
    return protocol::fail(status, std::move(text));
  }
  const std::string_view shown = protocol::utf8_prefix(came.text(), kShownTextBytes);
  text.append(" at JSON pointer \"").append(pointer_to(site)).append("\", but ");
  text.append(json_kind_name(came.kind())).append(" came");
  if (came.kind() != protocol::JsonKind::kNull) text.append(": ").append(shown);
  if (shown.size() < came.text().size()) text += "...";
  return protocol::fail(status, std::move(text));
}

tl::unexpected<protocol::Error> unexpected_bytes(Status status, const Site& site,
                                                 std::string_view expected, Bytes came) {
  if (site.plain_refusals) {
    // "4 bytes, an integer ...": so many and no others.
    const bool counted = expected.front() >= '0' && expected.front() <= '9';
    return protocol::fail(status, expected_text(site, counted ? "exactly " : "").append(expected) +
                                      ", not " + std::to_string(came.size()));
  }
  std::string text = expected_text(site, expected);
  text.append(", but ").append(std::to_string(came.size()));
  text += came.size() == 1 ? " byte came" : " bytes came";
  return protocol::fail(status, std::move(text));
}

}  // namespace appd::handlers
