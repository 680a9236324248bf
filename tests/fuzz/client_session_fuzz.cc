// A client's session and a server that sends anything: the replies and the way it ends are the same
// in any slicing, and it ends once.
// Input: bytes that choose the protocol, the pipeline's depth, the number of requests and the
// slicing, then what the server sends.
#include <array>
#include <optional>
#include <vector>

#include "clients/client_session.h"
#include "protocol/utf8.h"
#include "tests/fuzz/fuzz_input.h"
#include "tests/fuzz/memory_conversation.h"

namespace {

using namespace appd;
using namespace appd::fuzz;

struct Plan {
  clients::SessionOptions session;
  std::size_t requests = 1;
  std::uint32_t slicing = 0;
  std::string_view stream;
};

clients::SharedRequest make_request(protocol::Protocol protocol) {
  clients::Request request;
  request.content = R"({"action": "search", "value": "ring"})";
  request.keep_alive = true;
  return clients::encode_request(std::move(request), protocol).value();
}

// What a caller of the session sees, as text.
class Caller final : public clients::ClientSessionDelegate {
 public:
  explicit Caller(const Plan& plan)
      : requests_left_(plan.requests), request_(make_request(plan.session.protocol)) {}

  void send_all(clients::ClientSession& session) {
    session_ = &session;
    while (requests_left_ > 0 && session.may_send()) {
      --requests_left_;
      ++sent_;
      session.send(request_);
    }
  }
  void on_reply(clients::Reply reply) override {
    APPD_CHECK(!ended_ && ++replies_ <= sent_);
    std::string seen = reply.header + '|' + reply.content + '|' + reply.result + '|';
    seen += reply.is_error ? "error|" : "done|";
    for (const auto& text : {reply.text(), reply.result_text()}) {
      seen += text ? *text : text.error().message;
    }
    if (reply.is_json()) APPD_CHECK(protocol::is_valid_utf8(reply.result));
    log_.push_back(std::move(seen));
    send_all(*session_);
  }
  void on_ended(reactor::Result<void> how) override {
    APPD_CHECK(!ended_);
    ended_ = true;
    log_.push_back(how ? "closed" : how.error().message);
    if (!how) {
      APPD_CHECK(clients::client_error_of(how.error()) == clients::ClientError::kProtocolBroken);
    }
  }
  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] const std::vector<std::string>& log() const { return log_; }

 private:
  clients::ClientSession* session_ = nullptr;
  std::size_t requests_left_;
  std::size_t sent_ = 0;
  std::size_t replies_ = 0;
  clients::SharedRequest request_;
  bool ended_ = false;
  std::vector<std::string> log_;
};

std::vector<std::string> converse(const Plan& plan, std::uint32_t slicing) {
  constexpr std::uint64_t kMaxContent = 4096;
  testing::MemoryWorld world;
  clients::SessionContext context(kMaxContent);
  reactor::EventLoop loop(world.backend());
  auto [near, far] = world.make_pair();
  Caller caller(plan);
  FarEnd server(std::move(far));
  {
    clients::ClientSession session(loop, context, plan.session, std::move(near), caller);
    caller.send_all(session);
    Pieces pieces(slicing);
    for (std::string_view rest = plan.stream; !rest.empty();) {
      for (std::string_view piece = pieces.take(rest); !piece.empty();) {
        const std::size_t taken = server.send(piece);
        APPD_CHECK(taken > 0 || caller.ended());  // it reads on
        piece.remove_prefix(taken > 0 ? taken : piece.size());
        settle(world, loop);
        server.receive();
      }
    }
    server.finish();
    settle(world, loop);
    APPD_CHECK(caller.ended());
  }
  return caller.log();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::array kProtocols = {protocol::Protocol::kApp, protocol::Protocol::kMessageEcho,
                                     protocol::Protocol::kFramedEcho, protocol::Protocol::kRawEcho};
  FuzzInput input(data, size);
  Plan plan;
  plan.session.protocol = kProtocols[input.take_below(kProtocols.size())];
  plan.session.pipeline_depth = 1 + input.take_below(4);
  plan.requests = 1 + input.take_below(5);
  plan.slicing = input.take_byte();
  plan.stream = input.rest();
  const auto whole = converse(plan, 0);
  if (plan.slicing == 0) return 0;
  const auto sliced = converse(plan, plan.slicing);
  APPD_CHECK(sliced == whole, sliced.back(), whole.back());
  return 0;
}
