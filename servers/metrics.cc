#include "appd/servers/metrics.h"

namespace appd::servers {

std::string_view counter_name(Counter counter) {
  switch (counter) {
    case Counter::kAccepted:
      return "accepted";
    case Counter::kClosed:
      return "closed";
    case Counter::kRequests:
      return "requests";
    case Counter::kErrorReplies:
      return "error_replies";
    case Counter::kContentTooLarge:
      return "content_too_large";
    case Counter::kConnectionLimit:
      return "connection_limit";
    case Counter::kPeerLimit:
      return "peer_limit";
    case Counter::kHeaderTimeout:
      return "header_timeout";
    case Counter::kRequestTimeout:
      return "request_timeout";
    case Counter::kIdleTimeout:
      return "idle_timeout";
    case Counter::kWriteTimeout:
      return "write_timeout";
    case Counter::kWatermark:
      return "watermark";
    case Counter::kBudget:
      return "budget";
    case Counter::kAcceptExhausted:
      return "accept_exhausted";
    case Counter::kInternalErrors:
      return "internal_errors";
    case Counter::kDeadlineExceeded:
      return "deadline_exceeded";
    case Counter::kCallsBegun:
      return "calls_begun";
    case Counter::kCallsAnswered:
      return "calls_answered";
    case Counter::kCallsDropped:
      return "calls_dropped";
    case Counter::kLateAnswers:
      return "late_answers";
    case Counter::kWorkDropped:
      return "work_dropped";
    case Counter::kPoolFull:
      return "pool_full";
    case Counter::kCallLimit:
      return "call_limit";
    case Counter::kPendingLimit:
      return "pending_limit";
    case Counter::kDrained:
      return "drained";
    case Counter::kCut:
      return "cut";
    case Counter::kCount:
      break;
  }
  return "unknown";
}

}  // namespace appd::servers
