// The app protocol by hand on Asio and RapidJSON, as a person writes it for one service: search,
// echo and double, keep-alive, pipelining answered with one write a read. One thread.
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <strings.h>

#include <array>
#include <asio.hpp>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "tests/bench/peers/listening_port.h"

namespace {

using asio::ip::tcp;

const std::map<std::string, std::string, std::less<>> kEntries = {
    {"morpheus", "Follow the white rabbit. \U0001F430"},
    {"ring", "In the caves beneath the Misty Mountains. \U0001F48D"},
    {"\U0001F436", "\U0001F43E Playing ball! \U0001F3D0"},
};

struct Header {
  std::string content_type;
  std::size_t content_length = 0;
  bool keep_alive = false;
  bool extended = false;
};

std::optional<Header> parse_header(std::string_view json) {
  rapidjson::Document document;
  document.Parse(json.data(), json.size());
  if (document.HasParseError() || !document.IsObject()) return std::nullopt;
  Header header;
  bool has_length = false;
  for (const auto& [name, value] : document.GetObject()) {
    if (strcasecmp(name.GetString(), "content-length") == 0 && value.IsUint()) {
      header.content_length = value.GetUint();
      has_length = true;
    } else if (strcasecmp(name.GetString(), "content-type") == 0 && value.IsString()) {
      header.content_type = value.GetString();
    } else if (strcasecmp(name.GetString(), "connection") == 0 && value.IsString()) {
      header.extended = true;
      header.keep_alive = std::strcmp(value.GetString(), "keep-alive") == 0;
    }
  }
  if (!has_length) return std::nullopt;
  return header;
}

void append_message(const Header& request, std::string_view type, std::string_view encoding,
                    std::string_view content, std::string& out) {
  char json[256];
  int length = std::snprintf(json, sizeof json,
                             R"({"byteorder": "little", "content-type": "%.*s", )"
                             R"("content-encoding": "%.*s", "content-length": %zu)",
                             static_cast<int>(type.size()), type.data(),
                             static_cast<int>(encoding.size()), encoding.data(), content.size());
  std::string_view rest = "}";
  if (request.extended && request.keep_alive) {
    rest = R"(, "connection": "keep-alive", "status": "ok"})";
  } else if (request.extended) {
    rest = R"(, "connection": "close", "status": "ok"})";
  }
  const std::size_t total = static_cast<std::size_t>(length) + rest.size();
  out += static_cast<char>(total >> 8);
  out += static_cast<char>(total & 0xff);
  out.append(json, static_cast<std::size_t>(length));
  out += rest;
  out += content;
}

// The value of "result", written behind `{"result": `.
void write_result(const rapidjson::Document& request, rapidjson::StringBuffer& out) {
  rapidjson::Writer<rapidjson::StringBuffer> writer(out);
  const std::string_view action = request["action"].GetString();
  const rapidjson::Value& value = request["value"];
  if (action == "search" && value.IsString()) {
    const auto found = kEntries.find(std::string_view(value.GetString(), value.GetStringLength()));
    const std::string text = found == kEntries.end()
                                 ? "No match for \"" + std::string(value.GetString()) + "\"."
                                 : found->second;
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  } else if (action == "echo") {
    value.Accept(writer);
  } else {
    const std::string text = "Error: invalid action \"" + std::string(action) + "\".";
    writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  }
}

void answer_json(const Header& header, std::string_view content, std::string& out) {
  rapidjson::Document request;
  request.Parse(content.data(), content.size());
  rapidjson::StringBuffer result;
  constexpr std::string_view kBegin = R"({"result": )";
  std::memcpy(result.Push(kBegin.size()), kBegin.data(), kBegin.size());
  if (!request.HasParseError() && request.IsObject() && request.HasMember("action") &&
      request["action"].IsString() && request.HasMember("value")) {
    write_result(request, result);
  } else {
    constexpr std::string_view kError = R"("Error: not a request")";
    std::memcpy(result.Push(kError.size()), kError.data(), kError.size());
  }
  *result.Push(1) = '}';
  append_message(header, "text/json", "utf-8", {result.GetString(), result.GetSize()}, out);
}

void answer_binary(const Header& header, std::string_view content, std::string& out) {
  std::string reply;
  if (content.size() == 10 && content.starts_with("double")) {
    std::uint32_t number = 0;
    for (const char byte : content.substr(6))
      number = number << 8 | static_cast<unsigned char>(byte);
    number *= 2;
    reply = "result";
    for (int shift = 24; shift >= 0; shift -= 8) reply += static_cast<char>(number >> shift);
  } else {
    reply = "First 10 bytes of request: " + std::string(content.substr(0, 10));
  }
  append_message(header, "binary/custom-server-binary-type", "binary", reply, out);
}

class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(tcp::socket socket) : socket_(std::move(socket)) { input_.resize(4096); }

  void read() {
    if (filled_ == input_.size()) input_.resize(input_.size() * 2);
    socket_.async_read_some(asio::buffer(input_.data() + filled_, input_.size() - filled_),
                            [self = shared_from_this()](std::error_code error, std::size_t count) {
                              if (error) return;
                              self->filled_ += count;
                              self->answer();
                            });
  }

 private:
  void answer() {
    output_.clear();
    bool keep = true;
    std::string_view rest(input_.data(), filled_);
    while (keep && rest.size() >= 2) {
      const std::size_t header_length = static_cast<std::size_t>(
          static_cast<unsigned char>(rest[0]) << 8 | static_cast<unsigned char>(rest[1]));
      if (rest.size() < 2 + header_length) break;
      const auto header = parse_header(rest.substr(2, header_length));
      if (!header) return;
      const std::size_t total = 2 + header_length + header->content_length;
      if (rest.size() < total) {
        if (rest.size() == filled_ && input_.size() < total) input_.resize(total);
        break;
      }
      const auto content = rest.substr(2 + header_length, header->content_length);
      header->content_type == "text/json" ? answer_json(*header, content, output_)
                                          : answer_binary(*header, content, output_);
      keep = header->keep_alive;
      rest.remove_prefix(total);
    }
    const std::size_t left = std::min(rest.size(), filled_);
    std::memmove(input_.data(), input_.data() + (filled_ - left), left);
    filled_ = left;
    output_.empty() ? read() : write(keep);
  }

  void write(bool keep) {
    asio::async_write(socket_, asio::buffer(output_),
                      [self = shared_from_this(), keep](std::error_code error, std::size_t) {
                        if (!error && keep) self->read();
                      });
  }

  tcp::socket socket_;
  std::string input_;
  std::size_t filled_ = 0;
  std::string output_;
};

void accept(tcp::acceptor& acceptor) {
  acceptor.async_accept([&](std::error_code error, tcp::socket socket) {
    if (!error) {
      socket.set_option(tcp::no_delay(true));
      std::make_shared<Session>(std::move(socket))->read();
    }
    accept(acceptor);
  });
}

}  // namespace

int main() {
  asio::io_context io(1);
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  appd::bench::print_listening(acceptor.local_endpoint().port());
  accept(acceptor);
  io.run();
}
