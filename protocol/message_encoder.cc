#include "appd/protocol/message_encoder.h"

#include <charconv>
#include <cstddef>

#include "appd/protocol/byte_order.h"
#include "appd/protocol/text/json.h"
#include "appd/reactor/check.h"

namespace appd::protocol {
namespace {

constexpr std::size_t kLengthBytes = 2;
constexpr std::size_t kMaxHeaderBytes = 65535;

// Everything up to the first value that varies.
constexpr std::string_view kBeginning = kNativeByteOrder == ByteOrder::kLittle
                                            ? R"({"byteorder": "little", "content-type": )"
                                            : R"({"byteorder": "big", "content-type": )";

void append_number(std::string& out, std::uint64_t value) {
  char digits[20];
  auto written = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, written.ptr);
}

// Leaves room for the length; put_length() fills it in.
void append_beginning(std::string& out, const ContentFields& content) {
  out.append(kLengthBytes, '\0');
  out += kBeginning;
  append_json_string(out, content.content_type);
  out += R"(, "content-encoding": )";
  append_json_string(out, content.content_encoding);
  out += R"(, "content-length": )";
  append_number(out, content.content_length);
}

void append_connection(std::string& out, bool keep_alive) {
  out += keep_alive ? R"(, "connection": "keep-alive")" : R"(, "connection": "close")";
}

void append_request_id(std::string& out, std::string_view request_id) {
  if (request_id.empty()) return;
  out += R"(, "request-id": )";
  out += request_id;
}

// The message begins at `begin` of `out`. False: the header is too long to say how long.
bool put_length(std::string& out, std::size_t begin) {
  std::size_t json_bytes = out.size() - begin - kLengthBytes;
  if (json_bytes > kMaxHeaderBytes) return false;
  store_be16(std::as_writable_bytes(std::span(out).subspan(begin, kLengthBytes)),
             static_cast<std::uint16_t>(json_bytes));
  return true;
}

}  // namespace

std::size_t encode_reply_header(const ContentFields& content, const ReplyExtension* extension,
                                std::string& out) {
  std::size_t begin = out.size();
  append_beginning(out, content);
  const std::size_t length_end = out.size();
  if (extension != nullptr) {
    append_connection(out, extension->keep_alive);
    append_request_id(out, extension->request_id);
    out += R"(, "status": ")";
    out += status_name(extension->status);
    out += '"';
  }
  out += '}';
  APPD_CHECK(put_length(out, begin), out.size() - begin);
  return length_end;
}

Result<void> encode_request_header(const ContentFields& content, const RequestExtension& extension,
                                   std::string& out) {
  std::size_t begin = out.size();
  append_beginning(out, content);
  if (extension.keep_alive) append_connection(out, *extension.keep_alive);
  append_request_id(out, extension.request_id);
  if (extension.deadline) {
    out += R"(, "deadline-ms": )";
    out += std::to_string(extension.deadline->count());
  }
  if (extension.action) {
    out += R"(, "action": )";
    append_json_string(out, *extension.action);
  }
  for (const auto& [name, json] : extension.others) {
    out += ", ";
    append_json_string(out, name);
    out += ": ";
    out += json;
  }
  out += '}';
  if (put_length(out, begin)) return {};
  std::size_t json_bytes = out.size() - begin - kLengthBytes;
  out.resize(begin);
  return fail(Status::kInvalidArgument,
              "a header may have 65,535 bytes, not " + std::to_string(json_bytes));
}

}  // namespace appd::protocol
