#include "handlers/responder.h"

#include <utility>

#include "handlers/failure.h"

namespace appd::handlers {

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    Responder before(std::move(*this));
    sink_ = std::exchange(other.sink_, nullptr);
  }
  return *this;
}

Responder::~Responder() {
  if (!sink_) return;
  Reply reply;
  set_internal(reply, "the handler dropped its responder");
  sink_->complete(std::move(reply));
}

void Responder::reply(Reply reply) noexcept {
  if (!sink_) return;
  if (!reply.filled()) set_internal(reply, "the action filled no reply");
  std::exchange(sink_, nullptr)->complete(std::move(reply));
}

void Responder::fail(Status status, std::string_view text) noexcept {
  fail(protocol::Error{make_error_code(status), std::string(text)});
}

void Responder::fail(const protocol::Error& error) noexcept {
  if (!sink_) return;
  Reply answer;
  set_failure(answer, error);
  reply(std::move(answer));
}

}  // namespace appd::handlers
