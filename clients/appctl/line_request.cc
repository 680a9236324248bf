#include "appd/clients/appctl/line_request.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "appd/clients/appctl/tutorial_form.h"
#include "appd/clients/request_builder.h"
#include "appd/reactor/posix/descriptor_io.h"

namespace appd::clients {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

// A device, a FIFO and a terminal do not say in advance how much will come.
Result<std::string> read_all(reactor::Descriptor from, const std::string& name,
                             std::uint64_t max_bytes) {
  std::string content;
  std::vector<char> piece(kPieceBytes);
  while (true) {
    const auto count = reactor::read_some(from, piece, name);
    if (!count) return fail(ClientError::kInvalidRequest, count.error().message);
    if (*count == 0) return content;
    if (*count > max_bytes - content.size()) {
      return fail(
          ClientError::kInvalidRequest,
          name + " has more than " + std::to_string(max_bytes) + " bytes; --max-value allows more");
    }
    content.append(piece.data(), *count);
  }
}

Result<CallValue> load_value(const CommandLine& line, reactor::Descriptor in) {
  if (!line.file) return CallValue{.text = line.value};
  auto content = *line.file == "-" ? read_all(in, "standard input", line.max_value_bytes)
                                   : read_file(*line.file, line.max_value_bytes);
  if (!content) return tl::unexpected(content.error());
  return CallValue{.text = std::move(*content), .from_stream = true};
}

}  // namespace

Result<std::string> read_file(const std::string& name, std::uint64_t max_bytes) {
  const reactor::OwnedFd file(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!file.valid()) {
    const auto failure = reactor::system_failure(errno, "open " + name);
    return fail(ClientError::kInvalidRequest, failure.value().message);
  }
  return read_all(file.get(), name, max_bytes);
}

Result<SharedRequest> make_line_request(const CommandLine& line, reactor::Descriptor in,
                                        bool keep_alive) {
  auto value = load_value(line, in);
  if (!value) return tl::unexpected(value.error());
  const protocol::Protocol protocol = line.server.protocol;
  auto request =
      protocol == protocol::Protocol::kApp
          ? build_tutorial_request(line.action, std::move(*value), line.form, line.header_fields)
          : build_echo_request(protocol, std::move(*value->text), line.form, line.header_fields);
  if (!request) return tl::unexpected(request.error());
  if (keep_alive && !request->keep_alive) request->keep_alive = true;
  return encode_request(std::move(*request), protocol);
}

}  // namespace appd::clients
