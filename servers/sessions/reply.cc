#include "appd/servers/sessions/reply.h"

#include <span>

namespace appd::servers {

bool send_reply(SessionContext& context, reactor::Connection& connection, const Asked& asked,
                handlers::Reply& reply) {
  const protocol::ContentFields fields{.content_type = reply.content_type(),
                                       .content_encoding = reply.content_encoding(),
                                       .content_length = reply.content().size()};
  const bool keep_alive = asked.keep_alive && !protocol::closes_connection(reply.status());
  const protocol::ReplyExtension extension{
      .keep_alive = keep_alive, .request_id = asked.request_id, .status = reply.status()};
  connection.send(
      context.messages.reply_header.write(fields, asked.extended ? &extension : nullptr),
      std::as_bytes(std::span(reply.content())), reply.large_content());
  return keep_alive;
}

void send_error_reply(SessionContext& context, reactor::Connection& connection, const Asked& asked,
                      protocol::Status status, std::string_view text) {
  handlers::Reply& reply = context.messages.error_reply;
  reply.set_error(status, text);
  (void)send_reply(context, connection, asked, reply);
}

}  // namespace appd::servers
