#include "appd/protocol/text/json.h"

#include <rapidjson/error/error.h>
#include <rapidjson/reader.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "appd/protocol/text/json_scan.h"
#include "appd/protocol/text/json_text.h"
#include "appd/protocol/text/utf8.h"

namespace appd::protocol {
namespace {

using internal::JsonElement;
using internal::JsonMember;
using internal::JsonSlice;

// Memory that a reader keeps between texts. A usual header or request needs a few hundred bytes.
constexpr std::size_t kKeptStackBytes = std::size_t{64} * 1024;

// The reader's input: bytes with an end, and no terminator behind it.
//
// Between two tokens RapidJSON calls SkipWhitespace (below), which looks at the next one. Two kinds
// are then found by ourselves and shown to RapidJSON as a short stand-in:
// - numbers, because version 1.1.0 refuses those that no double can hold, even with
//   kParseNumbersAsStringsFlag, and 1e400 is JSON;
// - strings, which RapidJSON copies byte by byte (its SIMD path needs a terminated text, reads past
//   the end and lets 0x1a to 0x1f pass).
// Everything malformed is shown as it is, so RapidJSON alone says what is wrong.
class TokenStream {
 public:
  using Ch = char;

  explicit TokenStream(std::string_view text)
      : next_(text.data()),
        end_(text.data() + text.size()),
        text_(text),
        token_(next_),
        token_end_(next_) {}

  [[nodiscard]] Ch Peek() const { return next_ == end_ ? '\0' : *next_; }
  Ch Take() { return next_ == end_ ? '\0' : *next_++; }
  [[nodiscard]] std::size_t Tell() const {
    if (stand_in_ == nullptr) return offset(next_);
    return offset(next_ == stand_in_ ? token_ : token_end_);
  }
  // The writing half of RapidJSON's concept, for parsing in place: never called.
  Ch* PutBegin() { return nullptr; }
  void Put(Ch) {}
  std::size_t PutEnd(Ch*) { return 0; }

  // Steps over white space to the next token.
  void next_token() {
    if (stand_in_ != nullptr) {
      next_ = token_end_;
      end_ = text_.data() + text_.size();
      stand_in_ = nullptr;
    }
    while (next_ != end_ && (*next_ == ' ' || *next_ == '\n' || *next_ == '\r' || *next_ == '\t')) {
      ++next_;
    }
    token_ = next_;
    if (next_ == end_) return;
    if (*next_ == '"') {
      const char* const quote = internal::find_string_end(next_ + 1, end_);
      if (quote != nullptr) show("\"\"", quote + 1);
    } else if (const char* number_end = internal::find_number_end(next_, end_)) {
      show("0", number_end);
    }
  }

  [[nodiscard]] std::size_t token_offset() const { return offset(token_); }
  // The current token is a valid string or number.
  [[nodiscard]] bool shows_stand_in() const { return stand_in_ != nullptr; }
  [[nodiscard]] bool at_end() const { return stand_in_ == nullptr && next_ == end_; }
  [[nodiscard]] std::string_view text() const { return text_; }

 private:
  [[nodiscard]] std::size_t offset(const char* p) const {
    return static_cast<std::size_t>(p - text_.data());
  }
  void show(std::string_view stand_in, const char* token_end) {
    stand_in_ = stand_in.data();
    token_end_ = token_end;
    next_ = stand_in.data();
    end_ = stand_in.data() + stand_in.size();
  }

  const char* next_;
  const char* end_;
  std::string_view text_;
  const char* token_;      // the current token's first byte in the text
  const char* token_end_;  // with a stand-in: behind the token that it stands for
  const char* stand_in_ = nullptr;
};

// Found by RapidJSON in place of its own template, by the type of the argument.
void SkipWhitespace(TokenStream& stream) { stream.next_token(); }

// Notes where the outermost value and, of an object, its members stand. RapidJSON reports a bracket
// before it takes it, and a scalar or a name behind its last byte.
class Collector : public rapidjson::BaseReaderHandler<rapidjson::UTF8<>, Collector> {
 public:
  Collector(const TokenStream& stream, std::vector<JsonMember>* members, std::size_t max_depth)
      : stream_(stream), members_(members), max_depth_(max_depth) {}

  bool Null() { return scalar(JsonKind::kNull); }
  bool Bool(bool) { return scalar(JsonKind::kBool); }
  bool RawNumber(const char*, rapidjson::SizeType, bool) {
    return scalar(depth_ < 2 && is_fraction() ? JsonKind::kFraction : JsonKind::kInteger);
  }
  bool String(const char*, rapidjson::SizeType, bool) {
    return check_string() && scalar(JsonKind::kString);
  }
  bool Key(const char*, rapidjson::SizeType, bool) {
    if (depth_ == 1) name_ = token(1);
    return check_string();
  }
  bool StartObject() { return open(); }
  bool EndObject(rapidjson::SizeType) { return close(JsonKind::kObject); }
  bool StartArray() { return open(); }
  bool EndArray(rapidjson::SizeType) { return close(JsonKind::kArray); }

  [[nodiscard]] const JsonElement& outermost() const { return outermost_; }
  [[nodiscard]] bool found_surrogate() const { return found_surrogate_; }
  [[nodiscard]] bool too_deep() const { return too_deep_; }

 private:
  // Of the malformed strings, which are shown as they are, RapidJSON 1.1.0 lets one kind pass: with
  // the second half of a surrogate pair and no first one.
  bool check_string() {
    found_surrogate_ = !stream_.shows_stand_in();
    return !found_surrogate_;
  }
  // The current token, without so many bytes at both ends.
  [[nodiscard]] JsonSlice token(std::size_t margin) const {
    return {static_cast<std::uint32_t>(stream_.token_offset() + margin),
            static_cast<std::uint32_t>(stream_.Tell() - margin)};
  }
  [[nodiscard]] bool is_fraction() const {
    return token(0).of(stream_.text()).find_first_of(".eE") != std::string_view::npos;
  }
  bool scalar(JsonKind kind) {
    if (depth_ < 2) finish({token(0), kind});
    return true;
  }
  bool open() {
    too_deep_ = depth_ == max_depth_;
    if (too_deep_) return false;
    if (depth_ < 2) opened_at_[depth_] = static_cast<std::uint32_t>(stream_.Tell());
    ++depth_;
    return true;
  }
  bool close(JsonKind kind) {
    --depth_;
    auto end = static_cast<std::uint32_t>(stream_.Tell() + 1);
    if (depth_ < 2) finish({{opened_at_[depth_], end}, kind});
    return true;
  }
  void finish(const JsonElement& value) {
    if (depth_ == 0) {
      outermost_ = value;
    } else if (members_ != nullptr && stream_.text()[opened_at_[0]] == '{' &&
               members_->size() < internal::kMemberBatch) {
      members_->push_back({name_, value});
    }
  }

  const TokenStream& stream_;
  std::vector<JsonMember>* members_;  // nullptr: not wanted; the first batch of them
  const std::size_t max_depth_;
  std::size_t depth_ = 0;
  std::uint32_t opened_at_[2] = {0, 0};  // the outermost bracket, and the one within it
  JsonSlice name_;
  JsonElement outermost_;
  bool found_surrogate_ = false;
  bool too_deep_ = false;
};

// What RapidJSON's stack takes its memory from: knows how much there is, and fails as C++ does
// (RapidJSON itself does not look at what realloc returns).
class StackMemory {
 public:
  [[maybe_unused]] static constexpr bool kNeedFree = true;  // of RapidJSON's concept
  void* Malloc(std::size_t size) { return Realloc(nullptr, 0, size); }
  void* Realloc(void* memory, std::size_t, std::size_t size) {
    void* grown = std::realloc(memory, size);
    if (grown == nullptr) throw std::bad_alloc();
    bytes_ = size;
    return grown;
  }
  static void Free(void* memory) { std::free(memory); }

  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  void forget() { bytes_ = 0; }

 private:
  std::size_t bytes_ = 0;
};

using Parser = rapidjson::GenericReader<rapidjson::UTF8<>, rapidjson::UTF8<>, StackMemory>;
constexpr std::size_t kFirstStackBytes = 1024;

std::string_view describe_string_error(std::string_view text, std::size_t offset) {
  if (offset == text.size()) return "a string is not closed";
  return text[offset] == '\\' ? "an unknown escape in a string"
                              : "a control character in a string, which needs an escape,";
}

// What is wrong, to be followed by "at byte N".
std::string_view describe(rapidjson::ParseErrorCode code, std::string_view text,
                          std::size_t offset) {
  switch (code) {
    case rapidjson::kParseErrorDocumentRootNotSingular:
      return "something stands behind the value";
    case rapidjson::kParseErrorObjectMissName:
      return "a member's name in double quotes is missing";
    case rapidjson::kParseErrorObjectMissColon:
      return "a colon is missing";
    case rapidjson::kParseErrorObjectMissCommaOrCurlyBracket:
      return "a comma or } is missing";
    case rapidjson::kParseErrorArrayMissCommaOrSquareBracket:
      return "a comma or ] is missing";
    case rapidjson::kParseErrorStringUnicodeEscapeInvalidHex:
      return "four hexadecimal digits are missing in a \\u escape";
    case rapidjson::kParseErrorStringUnicodeSurrogateInvalid:
      return "half a surrogate pair";
    case rapidjson::kParseErrorStringEscapeInvalid:
    case rapidjson::kParseErrorStringMissQuotationMark:
      return describe_string_error(text, offset);
    case rapidjson::kParseErrorNumberMissFraction:
      return "digits are missing behind a decimal point";
    case rapidjson::kParseErrorNumberMissExponent:
      return "digits are missing in an exponent";
    case rapidjson::kParseErrorNumberTooBig:
      return "a malformed number";
    default:
      return "a value is missing";
  }
}

tl::unexpected<Error> invalid(std::string_view what, std::size_t offset) {
  std::string text(what);
  text += " at byte ";
  text += std::to_string(offset);
  return fail(Status::kInvalidContent, std::move(text));
}

// What can be said without parsing.
Result<void> check_bytes(std::string_view text) {
  if (text.size() > kMaxJsonBytes) {
    return fail(Status::kInvalidContent, "JSON may have 4 GiB at most");
  }
  if (!is_valid_utf8(text)) return invalid("invalid UTF-8", valid_utf8_bytes(text));
  if (text.starts_with(kUtf8ByteOrderMark)) {
    return invalid("JSON must not begin with a byte order mark: it stands", 0);
  }
  return {};
}

}  // namespace

struct JsonReader::Impl {
  explicit Impl(std::size_t most) : max_nesting(most) {}

  const std::size_t max_nesting;
  StackMemory memory;
  std::optional<Parser> parser{std::in_place, &memory, kFirstStackBytes};
  std::vector<JsonMember> members;
  std::string name;

  // Fills `members` if they are wanted.
  Result<JsonElement> parse(std::string_view text, bool want_members);
  void give_back_excess();
  // Of what is within the outermost object.
  [[nodiscard]] std::size_t scanned_depth() const {
    return std::min(internal::kMostScannedDepth, max_nesting - 1);
  }
};

Result<JsonElement> JsonReader::Impl::parse(std::string_view text, bool want_members) {
  constexpr unsigned kFlags =
      rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
  members.clear();
  if (Result<void> checked = check_bytes(text); !checked) {
    return tl::unexpected<Error>(std::move(checked.error()));
  }
  if (want_members) {
    if (internal::scan_object(text, scanned_depth(), members)) {
      return JsonElement{{0, static_cast<std::uint32_t>(text.size())}, JsonKind::kObject};
    }
    members.clear();
  }
  TokenStream stream(text);
  Collector collector(stream, want_members ? &members : nullptr, max_nesting);
  rapidjson::ParseResult result = parser->Parse<kFlags>(stream, collector);
  if (collector.found_surrogate()) return invalid("half a surrogate pair", stream.token_offset());
  if (collector.too_deep()) {
    return invalid(
        "more than " + std::to_string(max_nesting) + " arrays and objects within one another",
        stream.Tell());
  }
  if (result.IsError()) {
    return invalid(describe(result.Code(), text, result.Offset()), result.Offset());
  }
  // RapidJSON takes a NUL for the end.
  if (!stream.at_end()) return invalid("something stands behind the value", stream.Tell());
  return collector.outermost();
}

void JsonReader::Impl::give_back_excess() {
  if (memory.bytes() > kKeptStackBytes) {
    parser.emplace(&memory, kFirstStackBytes);
    memory.forget();
  }
  if (members.capacity() > internal::kMemberBatch) std::vector<JsonMember>().swap(members);
  if (name.capacity() > kKeptStackBytes) std::string().swap(name);
}

JsonReader::JsonReader(std::size_t max_nesting) : impl_(std::make_unique<Impl>(max_nesting)) {}
JsonReader::~JsonReader() = default;
std::size_t JsonReader::scanned_depth() const { return impl_->scanned_depth(); }
JsonReader::JsonReader(JsonReader&&) noexcept = default;
JsonReader& JsonReader::operator=(JsonReader&&) noexcept = default;

Result<std::span<const JsonMember>> JsonReader::find_members(std::string_view text) {
  Result<JsonElement> value = impl_->parse(text, true);
  if (value && value->kind == JsonKind::kObject) return impl_->members;
  impl_->give_back_excess();
  if (!value) return tl::unexpected<Error>(std::move(value.error()));
  return fail(Status::kInvalidContent,
              "a JSON object is needed, not " + std::string(json_kind_name(value->kind)));
}

std::span<const JsonMember> JsonReader::more_members(std::string_view text) {
  const std::size_t behind = impl_->members.back().value.slice.end;
  impl_->members.clear();
  internal::scan_members(text, behind, internal::kMemberBatch, impl_->members);
  return impl_->members;
}

std::string_view JsonReader::decode_name(std::string_view name) {
  if (name.find('\\') == std::string_view::npos) return name;
  impl_->name.clear();
  internal::append_unescaped(impl_->name, name);
  return impl_->name;
}

void JsonReader::give_back_excess() { impl_->give_back_excess(); }

Result<JsonView> JsonReader::read_value(std::string_view text) {
  if (const auto plain = JsonView::plain_scalar(text); plain && text.size() <= kMaxJsonBytes) {
    return *plain;
  }
  Result<JsonElement> value = impl_->parse(text, false);
  impl_->give_back_excess();
  if (!value) return tl::unexpected<Error>(std::move(value.error()));
  return view(text, *value);
}

}  // namespace appd::protocol
