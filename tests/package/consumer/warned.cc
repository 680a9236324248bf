// What a user's code makes the compiler put together of our headers: it has to be clean, at every
// level and in every function for itself (CMakeLists.txt).
#include <appd/app.h>
#include <appd/client.h>
#include <appd/client_pool.h>
#include <appd/test.h>

namespace {

appd::Task<appd::Result<std::optional<std::vector<std::int64_t>>>> offload(
    std::vector<std::int64_t> values, appd::CallContext call) {
  auto work = call.offload([values] { return values.size(); });
  const auto size = co_await work;
  if (!size) co_return tl::unexpected(size.error());
  co_return values;
}

appd::Task<appd::Result<appd::Json>> ask(appd::Json query, appd::CallContext call) {
  const auto server = appd::parse_address("app://backend:65432").value();
  const appd::CallRequest request("search", std::string(query.text()));
  const auto answer = co_await call.call(server, request);
  if (!answer) co_return tl::unexpected(answer.error());
  const auto result = answer->result();
  if (!result) co_return tl::unexpected(result.error());
  co_return appd::Json(*result);
}

template <class T>
bool calls(appd::ClientPool& pool, const T& value) {
  auto later = pool.submit<T>("same", value, {.idempotent = true});
  const auto started = pool.start<T>("same", value, {}, [](const appd::Result<T>&) {});
  if (started) pool.give_up(*started);
  return pool.call<T>("same", value) && later.get() && pool.call("nothing");
}

template <class T>
void add(appd::App& app) {
  app.on("same", [](const T& value) { return value; });
  app.on("same-array", [](const std::vector<T>& values) { return values; });
  app.on("same-or-none", [](const std::optional<T>& value) { return value; });
}

}  // namespace

// One function a type: what is inlined into it is what is warned of.
void add_bool(appd::App& app) { add<bool>(app); }
void add_int8(appd::App& app) { add<std::int8_t>(app); }
void add_uint32(appd::App& app) { add<std::uint32_t>(app); }
void add_int64(appd::App& app) { add<std::int64_t>(app); }
void add_float(appd::App& app) { add<float>(app); }
void add_double(appd::App& app) { add<double>(app); }
void add_string(appd::App& app) { add<std::string>(app); }
void add_view(appd::App& app) { add<std::string_view>(app); }
void add_json(appd::App& app) { add<appd::Json>(app); }
void add_nested(appd::App& app) { add<std::vector<std::optional<std::int32_t>>>(app); }
void add_bytes(appd::App& app) {
  app.on("bytes", [](appd::Bytes bytes) { return bytes; });
}
void add_object(appd::App& app) {
  app.on("object", [](const appd::Request& request) {
    return appd::JsonObject().add("host", request.peer().host).add("n", 1).take();
  });
}
void add_waiting(appd::App& app) {
  app.on("offload", offload, {.summary = "waits", .time_limit = std::chrono::seconds(1)});
  app.on("ask", ask);
  app.on("blocks", [](std::string_view text, const appd::CallContext&) { return text.size(); },
         {.blocks = true});
}
void add_layers(appd::App& app) {
  app.use(appd::concurrency_limit(3));
  app.use(appd::rate_limit({.per_second = 1, .burst = 2}, appd::by_peer()));
  app.log_access();
}
bool call_int64(appd::ClientPool& pool) { return calls<std::int64_t>(pool, 1); }
bool call_string(appd::ClientPool& pool) { return calls<std::string>(pool, "text"); }
bool call_json(appd::ClientPool& pool) { return calls<appd::Json>(pool, {}); }
bool call_bytes(appd::ClientPool& pool) { return calls<std::vector<std::byte>>(pool, {}); }
bool call_nested(appd::ClientPool& pool) {
  return calls<std::vector<std::optional<std::int32_t>>>(pool, {});
}
int serve_one(int argc, char** argv) {
  appd::App app(argc, argv);
  app.on("twice", [](std::int32_t n) { return std::int64_t{2} * n; });
  return app.run();
}
