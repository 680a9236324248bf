#include "clients/call_command.h"

#include <cerrno>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "clients/channel.h"
#include "clients/description_page.h"
#include "clients/exit_code.h"
#include "clients/line_request.h"
#include "clients/request_builder.h"
#include "clients/trace.h"
#include "reactor/event_loop.h"

namespace appd::clients {
namespace {

// The action whose answer is for people.
constexpr std::string_view kDescribe = "describe";

void print(std::FILE* to, const std::string& text) { std::fwrite(text.data(), 1, text.size(), to); }

// What all connections of a run share.
struct Run {
  const CommandLine& line;
  const Streams& streams;
  SharedRequest request;
  Trace trace;
  bool packed_number = false;
  std::size_t active = 0;  // connections that are not done
  std::size_t replies = 0;
  std::size_t errors = 0;
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
    print(run_.streams.out, printed(reply));
    if (auto result = reply.result_text(); !result) {
      ++run_.errors;
      print(run_.streams.err, "Error: " + result.error().message + '\n');
    }
    ++run_.replies;
    ++answered_;
    if (answered_ < run_.line.repeat) {
      fill();
    } else {
      channel_.close();
      --run_.active;
    }
  }

  [[nodiscard]] std::string printed(const Reply& reply) const {
    if (run_.line.output == OutputFormat::kText && run_.line.action == kDescribe &&
        !reply.is_error && reply.is_json()) {
      if (auto page = description_page(reply.result)) return *std::move(page);
    }
    return format_reply(reply, run_.line.output, run_.packed_number);
  }

  void on_failed(Error error) override {
    print(run_.streams.err, "appctl: " + error.message + '\n');
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
  while (run.active > 0) loop.run_once();
  if (!many) return;
  const std::chrono::duration<double> seconds = loop.now() - begin;
  char summary[160];
  std::snprintf(summary, sizeof summary,
                "replies: %zu, errors: %zu, connections: %zu, seconds: %.3f\n", run.replies,
                run.errors, run.line.connections, seconds.count());
  print(run.streams.err, summary);
}

int report(const Error& error, std::FILE* err) {
  print(err, "appctl: " + error.message + '\n');
  return exit_code_of(client_error_of(error));
}

}  // namespace

int run_call(const CommandLine& line, const Streams& streams,
             const reactor::BackendFactory& backend) {
  auto request = make_line_request(line, streams.in, line.repeat > 1);
  if (!request) return report(request.error(), streams.err);
  auto endpoints = resolve_server(line.server);
  if (!endpoints) return report(endpoints.error(), streams.err);
  auto parts = backend();
  if (!parts) return report({ClientError::kCannotConnect, parts.error().message}, streams.err);

  Run run{.line = line,
          .streams = streams,
          .request = std::move(*request),
          .trace = Trace(line.trace, line.server, streams.err),
          .packed_number = is_packed_number(line.action, line.form),
          .failure = {}};
  {
    SessionContext context(line.max_content_bytes);
    reactor::EventLoop loop(std::move(*parts));
    turn_until_done(run, loop, context, *endpoints);
  }
  if (std::fflush(streams.out) != 0 || std::ferror(streams.out) != 0) {
    print(streams.err,
          "appctl: cannot write the result: " + std::generic_category().message(errno) + '\n');
    return kExitServerError;
  }
  if (run.failure) return exit_code_of(client_error_of(*run.failure));
  return run.errors > 0 ? kExitServerError : kExitDone;
}

}  // namespace appd::clients
