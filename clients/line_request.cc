#include "clients/line_request.h"

#include <cerrno>
#include <memory>
#include <system_error>
#include <utility>

#include "clients/request_builder.h"

namespace appd::clients {
namespace {

using FilePointer = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;

tl::unexpected<Error> file_failure(const std::string& what) {
  return fail(ClientError::kInvalidRequest, what + ": " + std::generic_category().message(errno));
}

Result<std::string> read_all(std::FILE* from, const std::string& name) {
  std::string content;
  char piece[64 * 1024];
  while (const std::size_t count = std::fread(piece, 1, sizeof piece, from)) {
    content.append(piece, count);
  }
  if (std::ferror(from) != 0) return file_failure("read " + name);
  return content;
}

Result<CallValue> load_value(const CommandLine& line, std::FILE* in) {
  if (!line.file) return CallValue{.text = line.value};
  auto content = *line.file == "-" ? read_all(in, "standard input") : read_file(*line.file);
  if (!content) return tl::unexpected(content.error());
  return CallValue{.text = std::move(*content), .from_stream = true};
}

}  // namespace

Result<std::string> read_file(const std::string& name) {
  const FilePointer opened(std::fopen(name.c_str(), "rb"), &std::fclose);
  if (!opened) return file_failure("open " + name);
  return read_all(opened.get(), name);
}

Result<SharedRequest> make_line_request(const CommandLine& line, std::FILE* in, bool keep_alive) {
  auto value = load_value(line, in);
  if (!value) return tl::unexpected(value.error());
  const protocol::Protocol protocol = line.server.protocol;
  auto request =
      protocol == protocol::Protocol::kApp
          ? build_request(line.action, *value, line.form, line.header_fields)
          : build_echo_request(protocol, std::move(*value->text), line.form, line.header_fields);
  if (!request) return tl::unexpected(request.error());
  if (keep_alive && !request->keep_alive) request->keep_alive = true;
  return encode_request(std::move(*request), protocol);
}

}  // namespace appd::clients
