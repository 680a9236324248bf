#include "appd/clients/load/load_connection.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <utility>

#include "appd/clients/reply.h"
#include "appd/reactor/check.h"

namespace appd::clients {
namespace {

using protocol::DecodeEvent;
using protocol::Protocol;
using reactor::Consumed;

// Requests that are prepared one behind the other, so that a burst is one write, take at most this.
constexpr std::size_t kMaxPreparedBytes = 256 * 1024;

bool has_messages(Protocol protocol) {
  return protocol == Protocol::kApp || protocol == Protocol::kMessageEcho;
}

}  // namespace

LoadContext::LoadContext(const LoadPlan& the_plan) : plan(the_plan) {
  APPD_CHECK(!plan.endpoints.empty() && !plan.request.empty() && !plan.reply.empty());
  const std::size_t fitting = std::max<std::size_t>(1, kMaxPreparedBytes / plan.request.size());
  for (std::size_t i = 0; i < std::min(plan.pipeline, fitting); ++i) requests += plan.request;
  // Reading never waits for sending (client_session.cc); what takes too long is the lane's affair.
  connection.write_high_watermark = std::numeric_limits<std::size_t>::max();
  connection.write_timeout = std::chrono::hours(24);
  limits.max_content = std::max<std::uint64_t>(limits.max_content, plan.reply.size());
}

LoadConnection::LoadConnection(reactor::EventLoop& loop, LoadContext& context,
                               reactor::AnyTransport transport, LoadConnectionDelegate& delegate)
    : context_(context),
      delegate_(delegate),
      bursts_(context.plan.pipeline),
      decoder_(context.decoding, context.limits),
      connection_context_{.loop = loop, .options = context.connection},
      connection_(connection_context_, std::move(transport), *this) {}

void LoadConnection::send(std::size_t count, reactor::TimePoint begin) {
  APPD_CHECK(count <= room(), count, room());
  bursts_[(oldest_ + burst_count_++) % bursts_.size()] = {begin, count};
  under_way_ += count;
  const std::size_t request_bytes = context_.plan.request.size();
  const auto prepared = std::as_bytes(std::span(context_.requests));
  while (count > 0) {
    const std::size_t now = std::min(count, prepared.size() / request_bytes);
    connection_.send(prepared.first(now * request_bytes));
    count -= now;
  }
}

LoadConnection::Burst LoadConnection::take_oldest(std::size_t count) {
  APPD_CHECK(under_way_ > 0);
  Burst& burst = bursts_[oldest_];
  const std::size_t taken = std::min(count, burst.count);
  under_way_ -= taken;
  burst.count -= taken;
  if (burst.count == 0) {
    oldest_ = (oldest_ + 1) % bursts_.size();
    --burst_count_;
  }
  return {burst.begin, taken};
}

Consumed LoadConnection::on_bytes(std::span<const std::byte> bytes) {
  if (ended_) return {bytes.size(), 0};
  // Of the turn's events this may be the 256th: its time is not that of the turn.
  connection_.loop().refresh_now();
  auto rest = bytes;
  while (!rest.empty() && !ended_) {
    if (under_way_ == 0) {
      end("the server sent bytes that no request had asked for");
      break;
    }
    rest = rest.subspan(other_ ? take_other(rest) : compare(rest));
  }
  if (!ended_) delegate_.on_replies_taken();
  return {bytes.size(), 0};
}

std::size_t LoadConnection::compare(std::span<const std::byte> rest) {
  const std::string& reply = context_.plan.reply;
  std::size_t used = 0;
  std::size_t replies = 0;
  while (used < rest.size() && replies < under_way_) {
    const std::size_t length = std::min(rest.size() - used, reply.size() - matched_);
    if (std::memcmp(rest.data() + used, reply.data() + matched_, length) != 0) {
      other_ = true;
      other_bytes_.assign(reply, 0, matched_);
      break;
    }
    used += length;
    matched_ += length;
    if (matched_ < reply.size()) break;
    matched_ = 0;
    ++replies;
  }
  while (replies > 0) {
    const Burst burst = take_oldest(replies);
    replies -= burst.count;
    delegate_.on_replies(burst.begin, burst.count);
  }
  return used;
}

// Where replies are messages one that differs has an end, and the connection goes on behind it.
std::size_t LoadConnection::take_other(std::span<const std::byte> rest) {
  if (!has_messages(context_.plan.protocol)) {
    end("what came back is not what must come back");
    return rest.size();
  }
  other_bytes_.append(reinterpret_cast<const char*>(rest.data()), rest.size());
  const auto message = std::as_bytes(std::span(other_bytes_));
  const auto event = decoder_.next(message);
  if (!event) {
    end("the server's reply is not a message: " + event.error().message);
    return rest.size();
  }
  if (event->kind != DecodeEvent::Kind::kMessage) return rest.size();
  const std::size_t behind = message.size() - event->bytes;
  const std::string what = describe_other(message.first(event->bytes), *event);
  other_ = false;
  matched_ = 0;
  delegate_.on_wrong_reply(take_oldest(1).begin, what);
  return rest.size() - behind;
}

std::string LoadConnection::describe_other(std::span<const std::byte> message,
                                           const protocol::DecodeEvent& event) {
  const auto header_json = message.subspan(
      protocol::kPrefixBytes, message.size() - event.content.size() - protocol::kPrefixBytes);
  auto reply = make_reply(*event.header, header_json, event.content);
  if (!reply) return reply.error().message;
  const auto text = reply->result_text();
  if (!text) return "the server answered an error: " + text.error().message;
  return "a reply differs from the first one";
}

void LoadConnection::on_end() {
  if (ended_) return;
  connection_.loop().refresh_now();
  end(under_way_ == 0 ? "" : "the server closed the connection before it had answered");
}

void LoadConnection::on_closed(std::error_code reason) {
  if (ended_) return;
  const std::string how = reason ? reason.message() : "closed";
  end(under_way_ == 0 && !reason ? "" : "the connection broke: " + how);
}

void LoadConnection::end(const std::string& why) {
  ended_ = true;
  delegate_.on_ended(why);
}

}  // namespace appd::clients
