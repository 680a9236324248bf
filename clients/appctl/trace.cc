#include "appd/clients/appctl/trace.h"

#include <span>

#include "appd/clients/appctl/python_literal.h"
#include "appd/clients/appctl/tutorial_form.h"
#include "appd/protocol/text/json.h"

namespace appd::clients {
namespace {

std::string literal(std::string_view bytes) {
  return bytes_literal(std::as_bytes(std::span(bytes)));
}

// The value of "result" as Python's print() shows it.
std::string printed_result(std::string_view text) {
  std::string shown = "None";
  protocol::JsonReader reader;
  (void)reader.read_object(text, [&](std::string_view name, protocol::JsonView value) {
    if (name != "result") return;
    std::string scratch;
    shown = value.kind() == protocol::JsonKind::kString ? std::string(value.string(scratch))
                                                        : json_literal(value);
  });
  return shown;
}

}  // namespace

std::string python_address(const protocol::Address& address) {
  if (address.transport == protocol::TransportKind::kUnix) {
    return string_literal(address.path);
  }
  return '(' + string_literal(address.host) + ", " + std::to_string(address.port) + ')';
}

Trace::Trace(bool on, const protocol::Address& server, Console& console)
    : on_(on),
      messages_(server.protocol == protocol::Protocol::kApp),
      address_(python_address(server)),
      console_(console) {}

void Trace::connecting() {
  if (on_) line("starting connection to " + address_);
}

void Trace::sending(const WireRequest& request) {
  if (on_) line("sending " + literal(request.head + request.body) + " to " + address_);
}

void Trace::received(const Reply& reply, bool packed_number) {
  if (!on_) return;
  if (!messages_) {
    line("received " + literal(reply.content) + " from " + address_);
    return;
  }
  if (reply.is_json()) {
    received_json(reply);
    return;
  }
  line("received " + reply.content_type + " response from " + address_);
  line("got response: " + literal(reply.content));
  if (!packed_number) return;
  // Two spaces, as Python's print() puts one between "result: " and the number.
  if (const auto number = unpack_number(reply.content)) line("result:  " + std::to_string(*number));
}

void Trace::received_json(const Reply& reply) {
  const auto text = reply.text();
  const auto value = protocol::JsonView::parse(text ? std::string_view(*text) : "null");
  line("received response " + (value ? json_literal(*value) : "None") + " from " + address_);
  line("got result: " + printed_result(text ? std::string_view(*text) : "null"));
}

void Trace::closing() {
  if (on_) line("closing connection to " + address_);
}

// A result's own line ends stay, as in the tutorial.
void Trace::line(std::string_view text) { console_.lines(text); }

}  // namespace appd::clients
