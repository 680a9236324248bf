#include "appd/handlers/waiting/responder.h"

#include <exception>
#include <new>
#include <string>
#include <utility>

#include "appd/handlers/failure.h"
#include "appd/handlers/waiting/call_context.h"

namespace appd::handlers {

namespace {

// Of the waiting handler that this thread is in: where a responder leaves its sink that dies
// because the handler throws, so that the answer can say what was thrown.
thread_local std::shared_ptr<ReplySink>* left_by_throwing = nullptr;

}  // namespace

Reply ReplySink::dropped_reply() noexcept {
  Reply reply;
  try {
    set_internal(reply, "the handler dropped its responder");
  } catch (const std::bad_alloc&) {
  }
  return reply;
}

Responder& Responder::operator=(Responder&& other) noexcept {
  if (this != &other) {
    Responder before(std::move(*this));
    sink_ = std::exchange(other.sink_, nullptr);
  }
  return *this;
}

void Responder::drop() noexcept {
  if (std::uncaught_exceptions() > 0 && left_by_throwing != nullptr && !*left_by_throwing) {
    *left_by_throwing = std::move(sink_);
    return;
  }
  sink_->drop();
}

void Responder::reply(Reply&& reply) noexcept {
  if (!sink_) return;
  std::exchange(sink_, nullptr)->complete(std::move(reply));
}

void Responder::fail(Status status, std::string_view text) noexcept {
  if (!sink_) return;
  Reply answer;
  try {
    set_failure(answer, protocol::Error{make_error_code(status), std::string(text)});
  } catch (const std::bad_alloc&) {
  }
  reply(std::move(answer));
}

void Responder::fail(const protocol::Error& error) noexcept {
  if (!sink_) return;
  Reply answer;
  try {
    set_failure(answer, error);
  } catch (const std::bad_alloc&) {
  }
  reply(std::move(answer));
}

void call_waiting_handler(const WaitingHandler& handler, const Request& request,
                          CallContext context, Responder responder) {
  std::shared_ptr<ReplySink> left;
  auto* const outer = std::exchange(left_by_throwing, &left);
  try {
    handler(request, std::move(context), std::move(responder));
    left_by_throwing = outer;
  } catch (...) {
    left_by_throwing = outer;
    Reply reply;
    try {
      set_thrown(reply);
    } catch (const std::bad_alloc&) {  // not filled: `internal` as well
    }
    if (left) std::exchange(left, nullptr)->complete(std::move(reply));
  }
  if (left) Responder(std::move(left));  // what died in an exception that the handler caught
}

}  // namespace appd::handlers
