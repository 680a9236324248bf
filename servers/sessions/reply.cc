#include "appd/servers/sessions/reply.h"

namespace appd::servers {

void send_reply(SessionContext& context, reactor::Connection& connection,
                const protocol::MessageHeader& header, bool extended, bool keep_alive,
                const handlers::Reply& reply) {
  const protocol::ContentFields fields{.content_type = reply.content_type(),
                                       .content_encoding = reply.content_encoding(),
                                       .content_length = reply.content().size()};
  const protocol::ReplyExtension extension{
      .keep_alive = keep_alive, .request_id = header.request_id, .status = reply.status()};
  connection.send(context.reply_header.write(fields, extended ? &extension : nullptr),
                  std::as_bytes(std::span(reply.content())));
}

void send_error_reply(SessionContext& context, reactor::Connection& connection,
                      const protocol::MessageHeader& header, bool known, protocol::Status status,
                      std::string_view text) {
  context.error_reply.set_error(status, text);
  send_reply(context, connection, header, !known || header.extended(), false, context.error_reply);
}

}  // namespace appd::servers
