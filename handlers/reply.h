// What an action gives: the content of a reply and its status.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "appd/handlers/request.h"

namespace appd::handlers {

// The content of a reply; reused for the next one, so that a usual reply allocates nothing.
// Invariant: each set_* replaces the whole reply, so there is never half of one.
class Reply {
 public:
  Reply() = default;
  Reply(const Reply& other);
  Reply& operator=(const Reply& other);
  Reply(Reply&&) noexcept = default;
  Reply& operator=(Reply&&) noexcept = default;
  ~Reply() = default;

  // Memory that is kept from one reply to the next; a larger content is given back.
  static constexpr std::size_t kMaxKeptBytes = 1024 * 1024;

  // {"result": VALUE} as text/json. `utf8` must be valid UTF-8; `json` is any JSON text.
  void set_string(std::string_view utf8);
  void set_integer(std::int64_t value);
  void set_json(std::string_view json);
  // The same with a VALUE that `append` writes behind the text it gets. Where it fails there is no
  // reply, and its error is returned.
  template <std::invocable<std::string&> Append>
  Result<void> set_json_by(const Append& append) {
    begin_json_text(0);
    Result<void> appended = append(content_);
    if (appended) end_json_text();
    return appended;
  }
  // Any bytes, with the type and encoding of the tutorial's server unless others are given.
  // Throws std::invalid_argument: a type or an encoding that does not fit a header, because it is
  // longer than kMaxFieldBytes or not UTF-8.
  void set_binary(std::string_view bytes);
  void set_binary(std::string_view bytes, std::string_view content_type,
                  std::string_view content_encoding = protocol::kBinaryEncoding);
  // As set_string(), or where the request was binary as set_binary().
  void set_text(Request::Form form, std::string_view utf8);
  // {"result": "Error: TEXT"}. `detail` is for the log alone.
  void set_error(Status status, std::string_view text, std::string_view detail = {});
  // Not filled, with status `internal`: for whom there is no memory to say more.
  void set_unanswered() noexcept {
    filled_ = false;
    status_ = Status::kInternal;
  }
  // Back to the state of a new one, its memory kept.
  void clear();

  // Some set_* was called since clear().
  [[nodiscard]] bool filled() const { return filled_; }
  [[nodiscard]] Status status() const { return status_; }
  [[nodiscard]] std::string_view content() const {
    return std::string_view(content_).substr(0, bytes_);
  }
  // The string that a large content lies in, for who sends it: it may be moved from, since its
  // memory would not be kept (kMaxKeptBytes). Null of any other.
  [[nodiscard]] std::string* large_content() {
    return content_.capacity() > kMaxKeptBytes ? &content_ : nullptr;
  }
  [[nodiscard]] std::string_view content_type() const {
    if (form_ == Form::kJson) return protocol::kJsonContentType;
    return form_ == Form::kBinary ? protocol::kServerBinaryType : words_->content_type;
  }
  [[nodiscard]] std::string_view content_encoding() const {
    if (form_ == Form::kJson) return protocol::kUtf8Encoding;
    return form_ == Form::kBinary ? protocol::kBinaryEncoding : words_->content_encoding;
  }
  [[nodiscard]] std::string_view detail() const {
    return words_ ? words_->detail : std::string_view();
  }

 private:
  enum class Form : std::uint8_t {
    kJson,
    kBinary,  // with the type and the encoding of the tutorial's server
    kOther,   // with those of words_
  };
  // What most replies have not: a reply is moved often, and should be small.
  struct Words {
    std::string content_type;
    std::string content_encoding;
    std::string detail;
  };
  [[nodiscard]] Words& words();
  // Writes all around a value of so many bytes, and returns where these go.
  [[nodiscard]] char* put_json(std::size_t value_bytes);
  // The same around what is appended to content_: of what is large or is not known beforehand.
  void begin_json_text(std::size_t expected_bytes);
  void end_json_text();
  void clear_filled();

  bool filled_ = false;
  Form form_ = Form::kJson;
  Status status_ = Status::kOk;
  std::size_t bytes_ = 0;
  // The content is its first bytes_; what is behind them is room for others, so that it need not be
  // cleared before it is written to.
  std::string content_;
  std::unique_ptr<Words> words_;  // null: none so far
};

}  // namespace appd::handlers
