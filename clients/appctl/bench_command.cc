#include "appd/clients/appctl/bench_command.h"

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <utility>

#include "appd/clients/appctl/exit_code.h"
#include "appd/clients/appctl/line_request.h"
#include "appd/clients/appctl/tutorial_form.h"
#include "appd/clients/channel.h"
#include "appd/clients/load/load_run.h"
#include "appd/protocol/byte_order.h"
#include "appd/reactor/event_loop.h"

namespace appd::clients {
namespace {

using protocol::Protocol;

bool server_ends_connections(Protocol protocol) {
  return protocol == Protocol::kApp || protocol == Protocol::kMessageEcho;
}

// The bytes of a message whose parts are known.
std::string message_bytes(const Reply& reply) {
  std::string bytes(protocol::kPrefixBytes, '\0');
  protocol::store_be16(std::as_writable_bytes(std::span(bytes)).first<protocol::kPrefixBytes>(),
                       static_cast<std::uint16_t>(reply.header.size()));
  return bytes + reply.header + reply.content;
}

// One request and its reply.
class Probe final : private ChannelDelegate {
 public:
  Probe(const CommandLine& line, const LoadPlan& plan, reactor::EventLoop& loop)
      : loop_(loop),
        context_(line.max_content_bytes),
        channel_(loop, context_, plan.endpoints,
                 {.session = {.protocol = plan.protocol},
                  .server = line.server.to_string(),
                  .reply_timeout = plan.timeout},
                 *this) {}

  Result<Reply> ask(SharedRequest request) {
    loop_.refresh_now();
    channel_.submit(std::move(request));
    while (!done_) loop_.run_once();
    channel_.close();
    loop_.run_once(reactor::Duration::zero());  // what was retired uses context_
    return std::move(outcome_);
  }

 private:
  void on_reply(Reply reply) override {
    outcome_ = std::move(reply);
    done_ = true;
  }
  void on_failed(Error error, std::size_t /*sent*/) override {
    outcome_ = tl::unexpected(std::move(error));
    done_ = true;
  }

  reactor::EventLoop& loop_;
  SessionContext context_;
  bool done_ = false;
  Result<Reply> outcome_;
  Channel channel_;
};

class Marks final : public LoadObserver {
 public:
  explicit Marks(Console& console) : console_(console) {}
  void on_window_begin() override { console_.line("measuring"); }
  void on_window_end() override { console_.line("measured"); }

 private:
  Console& console_;
};

Result<SharedRequest> make_bench_request(const CommandLine& line, reactor::Descriptor in) {
  auto request = make_line_request(line, in, !line.one_shot);
  if (!request || !server_ends_connections(line.server.protocol)) return request;
  if ((*request)->keep_alive == line.one_shot) {
    return fail(ClientError::kInvalidRequest, line.one_shot
                                                  ? "--one-shot needs a connection that is not kept"
                                                  : "connection=close needs --one-shot");
  }
  return request;
}

Result<LoadPlan> make_plan(const CommandLine& line) {
  auto endpoints = resolve_server(line.server);
  if (!endpoints) return tl::unexpected(std::move(endpoints.error()));
  LoadPlan plan;
  plan.endpoints = std::move(*endpoints);
  plan.protocol = line.server.protocol;
  plan.connections = line.connections;
  plan.pipeline = line.pipeline;
  plan.one_shot = line.one_shot;
  plan.server_closes = line.one_shot && server_ends_connections(plan.protocol);
  plan.warmup = line.warmup;
  plan.duration = line.duration;
  plan.rate = line.rate;
  plan.timeout = line.timeout;
  return plan;
}

// What must come back: what the file says, or what came back once and is right.
Result<std::string> expected_reply(const CommandLine& line, const LoadPlan& plan,
                                   reactor::EventLoop& loop, const SharedRequest& request) {
  if (line.expect) {
    auto bytes = read_file(*line.expect, line.max_value_bytes);
    if (bytes && bytes->empty()) {
      return fail(ClientError::kInvalidRequest, "--expect: " + *line.expect + " is empty");
    }
    return bytes;
  }
  auto reply = Probe(line, plan, loop).ask(request);
  if (!reply) return tl::unexpected(std::move(reply.error()));
  if (auto text = reply->result_text(); !text) {
    const auto hint = tutorial_hint(line.action, line.form, *reply);
    if (hint) text.error().message += "; " + *hint;
    return tl::unexpected(std::move(text.error()));
  }
  if (plan.protocol != Protocol::kApp) return request->head + request->body;
  if (!plan.one_shot && !reply->keep_alive) {
    return fail(ClientError::kServerError,
                "the server closes the connection after each reply: use --one-shot");
  }
  return message_bytes(*reply);
}

Result<LoadResult> run_load(const CommandLine& line, Console& console, LoadPlan& plan,
                            reactor::Backend backend) {
  auto request = make_bench_request(line, console.in());
  if (!request) return tl::unexpected(std::move(request.error()));
  reactor::EventLoop loop(std::move(backend));
  auto reply = expected_reply(line, plan, loop, *request);
  if (!reply) return tl::unexpected(std::move(reply.error()));
  plan.request = (*request)->head + (*request)->body;
  plan.reply = std::move(*reply);
  Marks marks(console);
  return LoadRun(loop, plan, marks).run();
}

// A flat JSON object, member by member.
class JsonLine {
 public:
  void add(const char* name, double number) {
    char text[64];
    std::snprintf(text, sizeof text, "%.17g", number);
    // Shortest of the usual spellings that is the same number.
    for (const int digits : {6, 9, 12, 15}) {
      char shorter[64];
      std::snprintf(shorter, sizeof shorter, "%.*g", digits, number);
      if (std::strtod(shorter, nullptr) == number) {
        add_raw(name, shorter);
        return;
      }
    }
    add_raw(name, text);
  }
  void add(const char* name, std::uint64_t number) { add_raw(name, std::to_string(number)); }
  void add(const char* name, bool value) { add_raw(name, value ? "true" : "false"); }
  void add_us(const char* name, reactor::Duration duration) {
    add(name, std::chrono::duration<double, std::micro>(duration).count());
  }
  void add_raw(const char* name, const std::string& json) {
    text_ += text_.empty() ? "{\"" : ", \"";
    text_ += name;
    text_ += "\": " + json;
  }
  [[nodiscard]] std::string finish() && { return std::move(text_) + "}\n"; }

 private:
  std::string text_;
};

double seconds(reactor::Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

std::string result_json(const LoadPlan& plan, const LoadResult& result) {
  JsonLine json;
  json.add_raw("loop", plan.open_loop() ? "\"open\"" : "\"closed\"");
  json.add("connections", std::uint64_t{plan.connections});
  json.add("pipeline", std::uint64_t{plan.pipeline});
  json.add("one_shot", plan.one_shot);
  json.add("rate", plan.rate);
  json.add("request_bytes", std::uint64_t{plan.request.size()});
  json.add("reply_bytes", std::uint64_t{plan.reply.size()});
  json.add("warmup_s", seconds(plan.warmup));
  json.add("window_s", seconds(result.window));
  json.add("requests", result.requests);
  json.add("errors", result.errors);
  json.add("wrong_replies", result.wrong_replies);
  json.add("broken", result.broken);
  json.add("timeouts", result.timeouts);
  json.add("rps", result.requests_per_second());
  json.add_us("min_us", result.latency.min());
  json.add("mean_us", result.latency.mean_ns() / 1000);
  json.add_us("p50_us", result.latency.quantile(0.5));
  json.add_us("p90_us", result.latency.quantile(0.9));
  json.add_us("p99_us", result.latency.quantile(0.99));
  json.add_us("p999_us", result.latency.quantile(0.999));
  json.add_us("max_us", result.latency.max());
  json.add("engine_busy", result.engine_busy);
  json.add_us("late_p50_us", result.lateness.quantile(0.5));
  json.add_us("late_p99_us", result.lateness.quantile(0.99));
  json.add("engine_was_bottleneck", result.engine_was_bottleneck());
  return std::move(json).finish();
}

int run_bench(const CommandLine& line, Console& console, const reactor::BackendFactory& backend) {
  auto plan = make_plan(line);
  if (!plan) return console.failure(plan.error());
  auto parts = backend();
  if (!parts) return console.failure({ClientError::kCannotConnect, parts.error().message});
  const auto result = run_load(line, console, *plan, std::move(*parts));
  if (!result) return console.failure(result.error());
  console.result(line.output == OutputFormat::kJson ? result_json(*plan, *result)
                                                    : result_text(*result));
  return result->errors > 0 ? kExitServerError : kExitDone;
}

}  // namespace appd::clients
