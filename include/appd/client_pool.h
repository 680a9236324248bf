// Typed calls of a server, from any number of threads (docs/client.md):
//
//   appd::ClientPool pool("app://127.0.0.1:65432");
//   appd::Result<std::int64_t> sum = pool.call<std::int64_t>("sum", std::vector{1, 2, 3});
//
// Values and results are of the types that an action's function may take and return
// (handlers/typed/typed_value.h), results not borrowed; several named values are a struct with
// APPD_FIELDS, or a std::tuple in their order. Bytes go as binary content.
//
// Errors are those of the server, with their appd::Status and text; invalid_argument, a value that
// cannot be sent; invalid_content, a result that is not of the type; and those of the pool
// (clients/pool/client_pool.h): unavailable, deadline_exceeded, overloaded.
//
// CMake: find_package(appd), target_link_libraries(... appd::client).
#pragma once

#include <concepts>
#include <coroutine>
#include <forward_list>
#include <future>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "appd/client.h"
#include "appd/clients/pool/client_pool.h"
#include "appd/clients/pool/pool_awaiter.h"
#include "appd/handlers/typed/borrowed.h"
#include "appd/handlers/typed/typed_call.h"

namespace appd {

using clients::CallOptions;
using clients::Executor;
using clients::PoolOptions;
using handlers::Json;
using handlers::JsonObject;
using protocol::fail;
using protocol::Result;
using protocol::Status;
using protocol::status_of;

namespace detail {

// A call without a value.
struct NoValue {};

// How a value is written: text of any kind as a string.
template <class V>
using SentAs = std::conditional_t<std::is_convertible_v<const V&, std::string_view>,
                                  std::string_view, std::remove_cvref_t<V>>;

template <class V>
Result<ClientRequest> request_of(std::string_view action, const V& value) {
  ClientRequest request;
  if constexpr (handlers::detail::kIsBytes<SentAs<V>>) {
    request.content_type = protocol::kClientBinaryType;
    request.content_encoding = protocol::kBinaryEncoding;
    request.action = std::string(action);
    (void)handlers::ValueForm<SentAs<V>>::append_bytes(request.content, value);
    return request;
  } else {
    request.content = R"({"action": )";
    auto appended = handlers::ValueForm<std::string_view>::append_json(request.content, action);
    if constexpr (!std::same_as<V, NoValue>) {
      static_assert(handlers::Value<SentAs<V>>,
                    "a call sends a value of handlers/typed/typed_value.h");
      request.content += R"(, "value": )";
      if (appended) {
        appended = handlers::ValueForm<SentAs<V>>::append_json(request.content, value);
      }
    }
    if (!appended) {
      return fail(Status::kInvalidArgument, std::string(action) + ": " + appended.error().message);
    }
    request.content += '}';
    return request;
  }
}

// `action` is for texts.
template <class T>
Result<T> result_of(const std::string& action, Result<ClientReply> reply) {
  static_assert(!handlers::kBorrows<T>,
                "the reply is gone when a call is over: take std::string, std::vector or Json");
  if (!reply) return tl::unexpected(std::move(reply.error()));
  if (auto failure = reply->failure()) return tl::unexpected(*std::move(failure));
  if constexpr (std::is_void_v<T>) {
    return {};
  } else if constexpr (std::same_as<T, ClientReply>) {
    return *std::move(reply);
  } else {
    static_assert(handlers::Value<T>, "a result is a value of handlers/typed/typed_value.h");
    const std::string name = "the result of " + action;
    protocol::MessageHeader header;
    header.action = name;
    handlers::Request result{.action = name, .header = &header};
    if (!reply->is_json()) {
      result.form = handlers::Request::Form::kBinary;
      result.payload = std::as_bytes(std::span(reply->content));
    } else if (auto json = protocol::JsonView::parse(reply->result)) {
      result.value = *json;
    }
    std::forward_list<std::string> texts;
    const handlers::Site content{result, texts};
    auto value = handlers::detail::typed_argument<T>(content.member("result"));
    if (!value) return fail(Status::kInvalidContent, std::move(value.error().message));
    return value;
  }
}

// Of a coroutine: the reply as a value.
template <class T>
class TypedAwaiter {
 public:
  TypedAwaiter(clients::ClientPool& pool, std::string action, Result<ClientRequest> request,
               const CallOptions& options)
      : action_(std::move(action)), call_(pool, std::move(request), options) {}
  [[nodiscard]] bool await_ready() const noexcept { return false; }
  [[nodiscard]] bool await_suspend(std::coroutine_handle<> coroutine) {
    return call_.await_suspend(coroutine);
  }
  [[nodiscard]] Result<T> await_resume() { return result_of<T>(action_, call_.await_resume()); }

 private:
  const std::string action_;
  clients::PoolAwaiter call_;
};

}  // namespace detail

// Any thread; see clients::ClientPool, whose calls with requests and replies are here, too. `value`
// is {} for an action that takes none; a T of void looks at no result.
class ClientPool : public clients::ClientPool {
 public:
  using clients::ClientPool::call;
  using clients::ClientPool::ClientPool;
  using clients::ClientPool::start;
  using clients::ClientPool::submit;

  // Waits for the result. Not on the pool's thread: `internal`.
  template <class T = void, class V = detail::NoValue>
  [[nodiscard]] Result<T> call(std::string_view action, const V& value = {},
                               const CallOptions& options = {}) {
    auto request = detail::request_of(action, value);
    if (!request) return tl::unexpected(std::move(request.error()));
    return detail::result_of<T>(std::string(action), call(*std::move(request), options));
  }

  // `done` gets a Result<T>, on the pool's thread, never from within; it must not block or throw.
  // Errors, and then `done` is not called: invalid_argument, and those of the pool's start().
  template <class T = void, class V = detail::NoValue, std::invocable<Result<T>> Done>
  [[nodiscard]] Result<CallId> start(std::string_view action, const V& value,
                                     const CallOptions& options, Done done) {
    auto request = detail::request_of(action, value);
    if (!request) return tl::unexpected(std::move(request.error()));
    return start(*std::move(request), options,
                 [name = std::string(action), done = std::move(done)](Result<ClientReply> reply) {
                   done(detail::result_of<T>(name, std::move(reply)));
                 });
  }

  // To wait for later, or together with others.
  template <class T = void, class V = detail::NoValue>
  [[nodiscard]] std::future<Result<T>> submit(std::string_view action, const V& value = {},
                                              const CallOptions& options = {}) {
    const auto promise = std::make_shared<std::promise<Result<T>>>();
    auto started = start<T>(action, value, options,
                            [promise](Result<T> result) { promise->set_value(std::move(result)); });
    if (!started) promise->set_value(tl::unexpected(std::move(started.error())));
    return promise->get_future();
  }

  // To be awaited at once, by a coroutine of any kind: co_await gives a Result<T>. The coroutine
  // goes on where options.resume_on says.
  template <class T = void, class V = detail::NoValue>
  [[nodiscard]] detail::TypedAwaiter<T> async(std::string_view action, const V& value = {},
                                              const CallOptions& options = {}) {
    return {*this, std::string(action), detail::request_of(action, value), options};
  }
};

}  // namespace appd
