#include "appd/clients/appctl/call_command.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "appd/clients/appctl/description_page.h"
#include "appd/clients/appctl/exit_code.h"
#include "appd/clients/appctl/line_request.h"
#include "appd/clients/appctl/trace.h"
#include "appd/clients/appctl/tutorial_form.h"
#include "appd/clients/channel.h"
#include "appd/reactor/event_loop.h"

namespace appd::clients {
namespace {

// The action whose answer is for people.
constexpr std::string_view kDescribe = "describe";

// What all connections of a run share.
struct Run {
  const CommandLine& line;
  Console& console;
  SharedRequest request;
  Trace trace;
  bool packed_number = false;
  std::size_t active = 0;  // connections that are not done
  std::size_t replies = 0;
  std::size_t errors = 0;
  bool hinted = false;
  std::optional<Error> failure;  // the first connection's that failed
};

// One connection's share of a run.
class Lane final : private ChannelDelegate {
 public:
  Lane(Run& run, reactor::EventLoop& loop, SessionContext& context,
       const std::vector<reactor::Endpoint>& endpoints)
      : run_(run), channel_(loop, context, endpoints, channel_options(run.line), *this) {}

  void start() {
    ++run_.active;
    fill();
  }

 private:
  static ChannelOptions channel_options(const CommandLine& line) {
    return {.session = {.protocol = line.server.protocol, .pipeline_depth = line.pipeline},
            .server = line.server.to_string(),
            .reply_timeout = line.timeout};
  }

  void fill() {
    while (submitted_ < run_.line.repeat && channel_.unanswered() < run_.line.pipeline) {
      ++submitted_;
      channel_.submit(run_.request);
    }
  }

  void on_reply(Reply reply) override {
    run_.trace.received(reply, run_.packed_number);
    run_.console.result(printed(reply));
    if (auto result = reply.result_text(); !result) {
      ++run_.errors;
      run_.console.line("Error: " + result.error().message);
    }
    tell_way(reply);
    ++run_.replies;
    ++answered_;
    if (answered_ < run_.line.repeat) {
      fill();
    } else {
      channel_.close();
      --run_.active;
    }
  }

  // Once: the requests of a run are all the same.
  void tell_way(const Reply& reply) {
    if (run_.hinted || run_.line.server.protocol != protocol::Protocol::kApp) return;
    const auto hint = tutorial_hint(run_.line.action, run_.line.form, reply);
    if (!hint) return;
    run_.console.line("appctl: " + *hint);
    run_.hinted = true;
  }

  [[nodiscard]] std::string printed(const Reply& reply) const {
    if (run_.line.output == OutputFormat::kText && run_.line.action == kDescribe &&
        !reply.is_error && reply.is_json()) {
      if (auto page = description_page(reply.result)) return *std::move(page);
    }
    return format_reply(reply, run_.line.output, run_.packed_number);
  }

  void on_failed(Error error, std::size_t /*sent*/) override {
    run_.console.line("appctl: " + error.message);
    if (!run_.failure) run_.failure = std::move(error);
    --run_.active;
  }

  void on_connecting() override { run_.trace.connecting(); }
  void on_sending(const WireRequest& request) override { run_.trace.sending(request); }
  void on_closing() override { run_.trace.closing(); }

  Run& run_;
  Channel channel_;
  std::size_t submitted_ = 0;
  std::size_t answered_ = 0;
};

void turn_until_done(Run& run, reactor::EventLoop& loop, SessionContext& context,
                     const std::vector<reactor::Endpoint>& endpoints) {
  const bool many = run.line.connections * run.line.repeat > 1;
  loop.refresh_now();
  const auto begin = loop.now();
  std::vector<std::unique_ptr<Lane>> lanes;
  for (std::size_t i = 0; i < run.line.connections; ++i) {
    lanes.push_back(std::make_unique<Lane>(run, loop, context, endpoints));
    lanes.back()->start();
  }
  while (run.active > 0 && !run.console.failed()) {
    loop.run_once();
    run.console.flush();
  }
  if (!many) return;
  const std::chrono::duration<double> seconds = loop.now() - begin;
  char summary[160];
  std::snprintf(summary, sizeof summary,
                "replies: %zu, errors: %zu, connections: %zu, seconds: %.3f", run.replies,
                run.errors, run.line.connections, seconds.count());
  run.console.line(summary);
}

}  // namespace

int run_call(const CommandLine& line, Console& console, const reactor::BackendFactory& backend) {
  auto request = make_line_request(line, console.in(), line.repeat > 1);
  if (!request) return console.failure(request.error());
  auto endpoints = resolve_server(line.server);
  if (!endpoints) return console.failure(endpoints.error());
  auto parts = backend();
  if (!parts) return console.failure({ClientError::kCannotConnect, parts.error().message});

  Run run{.line = line,
          .console = console,
          .request = std::move(*request),
          .trace = Trace(line.trace, line.server, console),
          .packed_number = tutorial_form(line.action, line.form) == TutorialForm::kPackedNumber,
          .failure = {}};
  {
    SessionContext context(line.max_content_bytes);
    reactor::EventLoop loop(std::move(*parts));
    turn_until_done(run, loop, context, *endpoints);
  }
  if (run.failure) return exit_code_of(client_error_of(*run.failure));
  return run.errors > 0 ? kExitServerError : kExitDone;
}

}  // namespace appd::clients
