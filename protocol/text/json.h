// JSON text (RFC 8259): validation, members of an object, scalars, and writing in the style of
// Python's json.dumps(ensure_ascii=False). RapidJSON does the parsing and stays behind json.cc.
//
// Values are handed on as JsonView: a piece of validated text, decoded when somebody asks. So an
// action that passes a value through copies it exactly, numbers of any size included. Parsing is
// iterative: nesting costs memory in proportion to its depth, never stack, and depth has a limit.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "appd/protocol/status.h"

namespace appd::protocol {

// A text may have 4 GiB: places in it are counted in 32 bits.
inline constexpr std::size_t kMaxJsonBytes = std::numeric_limits<std::uint32_t>::max();

// Arrays and objects within one another, at most: what a server takes from its peers unless told
// otherwise (--max-nesting), and what anybody can ask for.
inline constexpr std::size_t kDefaultMaxNesting = 1000;
inline constexpr std::size_t kMostNesting = 1'000'000;

enum class JsonKind : std::uint8_t { kNull, kBool, kInteger, kFraction, kString, kArray, kObject };

// "null", "a boolean", "an integer", "a number", "a string", "an array", "an object": for texts.
[[nodiscard]] std::string_view json_kind_name(JsonKind kind);

// One value as the text that was sent, without white space around it. Borrowed: valid as long as
// the text it was found in. Only made from text that was validated.
class JsonView {
 public:
  // Validates `text` as one JSON value, white space around it allowed.
  // Errors: invalid_content, with the place and the reason ("... at byte 17").
  [[nodiscard]] static Result<JsonView> parse(std::string_view text);

  // The same value in `copy`, a copy of its text.
  [[nodiscard]] JsonView in(std::string_view copy) const { return {copy, kind_, plain_}; }

  // What one short pass can tell: `text` is all of a string without an escape, or of a number.
  // nullopt says nothing about it. What lies between `readable` and the text belongs to the same
  // memory and helps to look at many bytes at a time.
  [[nodiscard]] static std::optional<JsonView> plain_scalar(std::string_view text,
                                                            const char* readable);
  [[nodiscard]] static std::optional<JsonView> plain_scalar(std::string_view text) {
    return plain_scalar(text, text.data());
  }

  // Likewise: `text` is all of an array or object with `depth` of these within one another at most,
  // itself included, and names without escapes.
  [[nodiscard]] static std::optional<JsonView> plain_nested(std::string_view text,
                                                            std::size_t depth);

  [[nodiscard]] std::string_view text() const { return text_; }
  [[nodiscard]] JsonKind kind() const { return kind_; }

  [[nodiscard]] bool is_true() const { return text_ == "true"; }
  // kInteger only (digits without fraction or exponent). Errors: out_of_range past 64 bits.
  [[nodiscard]] Result<std::int64_t> integer() const;
  // kInteger or kFraction; rounds to the nearest double, infinity where it is too large.
  [[nodiscard]] double number() const;
  // kString only: the decoded characters; a view into the text where it has no escape, else into
  // `scratch`, which is overwritten.
  [[nodiscard]] std::string_view string(std::string& scratch) const;
  // The same of one without an escape, which needs no scratch; nullopt of any other.
  [[nodiscard]] std::optional<std::string_view> plain_string() const {
    if (plain_ && kind_ == JsonKind::kString) return text_.substr(1, text_.size() - 2);
    return string_without_escape();
  }

 private:
  friend class JsonReader;
  friend class JsonArray;
  friend class JsonMembers;
  JsonView(std::string_view text, JsonKind kind, bool plain)
      : text_(text), kind_(kind), plain_(plain) {}
  [[nodiscard]] std::optional<std::string_view> string_without_escape() const;

  std::string_view text_;
  JsonKind kind_;
  bool plain_;  // known to have no escape
};

namespace internal {

// A range of the text. 32 bits, because an object may have millions of members.
struct JsonSlice {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;

  [[nodiscard]] std::string_view of(std::string_view text) const {
    return {text.data() + begin, end - begin};
  }
};

struct JsonElement {
  JsonSlice slice;
  JsonKind kind = JsonKind::kNull;
  bool plain = false;  // known to have no escape
};

struct JsonMember {
  JsonSlice name;  // without the quotes, not decoded; no escape where the value is plain
  JsonElement value;
};

// So many members of an object are kept at a time.
inline constexpr std::size_t kMemberBatch = 1024;

}  // namespace internal

// Parses objects and keeps its memory (the parser's stack) for the next one: one a loop. What an
// unusually large text needed is given back. The memory of one text is bounded by its nesting and
// by kMemberBatch, but for what is malformed: of a string or number that has no end, twice its
// length. Not thread-safe.
class JsonReader {
 public:
  // Deeper nesting than that is an error.
  explicit JsonReader(std::size_t max_nesting = kMostNesting);
  ~JsonReader();
  JsonReader(JsonReader&&) noexcept;
  // What JsonView::plain_nested() may take of a member's value, so that no limit is passed by.
  [[nodiscard]] std::size_t scanned_depth() const;
  JsonReader& operator=(JsonReader&&) noexcept;

  // Validates `text` as a whole (UTF-8, JSON, one object) and then calls `member(name, value)` for
  // each member of the outermost object, in order, repeated names included: `name` is decoded and
  // valid during the call only, `value` as long as the text. The callback must not use this
  // reader. Errors: invalid_content, for a person ("a comma or } is missing at byte 17"); no call
  // was made then.
  template <std::invocable<std::string_view, JsonView> Member>
  [[nodiscard]] Result<void> read_object(std::string_view text, Member&& member) {
    const Result<std::span<const internal::JsonMember>> first = find_members(text);
    if (!first) return tl::unexpected<Error>(first.error());
    std::span<const internal::JsonMember> members = *first;
    while (true) {
      for (const internal::JsonMember& found : members) {
        const std::string_view name = found.name.of(text);
        member(found.value.plain ? name : decode_name(name), view(text, found.value));
      }
      if (members.size() < internal::kMemberBatch) break;
      members = more_members(text);
    }
    give_back_excess();
    return {};
  }
  // Validates one value of any kind.
  [[nodiscard]] Result<JsonView> read_value(std::string_view text);

 private:
  struct Impl;

  [[nodiscard]] static JsonView view(std::string_view text, const internal::JsonElement& place) {
    return {place.slice.of(text), place.kind, place.plain};
  }
  // Valid until the reader is used again.
  [[nodiscard]] Result<std::span<const internal::JsonMember>> find_members(std::string_view text);
  // Behind a full batch of the last text, which was valid: the next one, likewise.
  [[nodiscard]] std::span<const internal::JsonMember> more_members(std::string_view text);
  [[nodiscard]] std::string_view decode_name(std::string_view name);
  void give_back_excess();

  std::unique_ptr<Impl> impl_;
};

// A string of these characters needs no escape. `utf8` must be valid UTF-8.
[[nodiscard]] bool is_plain_json_string(std::string_view utf8);
// Appends `"..."`: escapes \" \\ \n \r \t \b \f, other controls as \u00xx (lower case), all else as
// is, which is what Python writes. `utf8` must be valid UTF-8.
void append_json_string(std::string& out, std::string_view utf8);

}  // namespace appd::protocol
