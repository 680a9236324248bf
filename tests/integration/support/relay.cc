// A daemon whose handlers call other servers, for test_outgoing.py.
#include <appd/app.h>

#include <chrono>

namespace {

// [SERVER, ACTION, VALUE as JSON]: what SERVER's ACTION makes of VALUE.
appd::Task<appd::Result<appd::Json>> relay(std::vector<std::string> what, appd::CallContext call) {
  if (what.size() != 3) {
    co_return appd::fail(appd::Status::kInvalidArgument, "give server, action, value");
  }
  const auto server = appd::parse_address(what[0]);
  if (!server) co_return tl::unexpected(server.error());
  const appd::CallRequest request(what[1], what[2]);
  const auto answer = co_await call.call(*server, request);
  if (!answer) co_return tl::unexpected(answer.error());
  const auto result = answer->result();
  if (!result) co_return tl::unexpected(result.error());
  co_return appd::Json(*result);
}

appd::Task<std::int64_t> nap(std::int64_t milliseconds, appd::CallContext call) {
  co_await call.sleep(std::chrono::milliseconds(milliseconds));
  co_return milliseconds;
}

}  // namespace

int main(int argc, char** argv) {
  appd::App app(argc, argv);
  app.add(appd::add_builtin_actions);
  app.on("relay", relay);
  app.on("nap", nap);
  return app.run();
}
