#include "tests/sim/conversation.h"

#include <algorithm>
#include <bit>

#include "tests/support/streamed_frames.h"

namespace appd::testing {
namespace {

using protocol::Protocol;
using reactor::sim::Random;
using namespace std::chrono_literals;

std::string quoted(const std::string& text) { return '"' + text + '"'; }

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift);
  return bytes;
}

std::string prefixed(const std::string& bytes) {
  std::string out;
  out += static_cast<char>(bytes.size() >> 8);
  out += static_cast<char>(bytes.size());
  return out + bytes;
}

const std::string kServerType = "binary/custom-server-binary-type";
const std::string kClientType = "binary/custom-client-binary-type";

// A request of the app protocol and its reply's content.
struct Exchange {
  std::string type = "text/json";
  std::string encoding = "utf-8";
  std::string content;
  std::string action;  // in the header
  std::string reply_type = "text/json";
  std::string reply_encoding = "utf-8";
  std::string reply;
  std::string status = "ok";
};

Exchange json_exchange(const std::string& action, const std::string& value,
                       const std::string& result) {
  Exchange made;
  made.content = R"({"action": ")" + action + R"(", "value": )" + value + "}";
  made.reply = R"({"result": )" + result + "}";
  return made;
}

Exchange binary_echo(Random& random, std::uint64_t tag, std::uint64_t max_content) {
  Exchange made;
  const std::uint64_t usual = random.below(10) == 0 ? 200'000 : 3'000;
  made.type = made.reply_type = "application/octet-stream";
  made.encoding = made.reply_encoding = "binary";
  made.action = "echo";
  made.content = "tag " + std::to_string(tag) + ' ' +
                 random_bytes(random, random.below(std::min(usual, max_content - 32)));
  made.reply = made.content;
  return made;
}

Exchange packed_double(Random& random) {
  Exchange made;
  const auto value = static_cast<std::uint32_t>(random.below(1 << 30));
  made.type = kClientType;
  made.encoding = "binary";
  made.content = "double" + big_endian(value);
  made.reply_type = kServerType;
  made.reply_encoding = "binary";
  made.reply = "result" + big_endian(2 * value);
  return made;
}

Exchange app_exchange(Random& random, std::uint64_t tag, std::uint64_t max_content) {
  const std::string query = "q" + std::to_string(tag);
  const auto number = static_cast<std::int64_t>(random.below(1'000'000));
  switch (random.below(8)) {
    case 0:
      return json_exchange("search", quoted(query), "\"No match for \\\"" + query + "\\\".\"");
    case 1:
      return json_exchange("search", quoted("morpheus"), "\"Follow the white rabbit. 🐰\"");
    case 2:
      return json_exchange("double", std::to_string(number), std::to_string(2 * number));
    case 3:
      return json_exchange("negate", std::to_string(number), std::to_string(-number));
    case 4: {
      Exchange made = json_exchange("no" + query, "1", "");
      made.reply = R"({"result": "Error: invalid action \"no)" + query + R"(\"."})";
      made.status = "invalid_action";
      return made;
    }
    case 5:
      return packed_double(random);
    default:
      return binary_echo(random, tag, max_content);
  }
}

void add_app_request(Conversation& talk, const Exchange& what, std::uint64_t id, bool last,
                     bool extended) {
  std::string request;
  std::string reply;
  if (extended) {
    const std::string connection = last ? "close" : "keep-alive";
    request = R"(, "connection": ")" + connection + R"(", "request-id": )" + std::to_string(id);
    reply = request + R"(, "status": ")" + what.status + '"';
  }
  if (!what.action.empty()) request += R"(, "action": ")" + what.action + '"';
  talk.bytes += wire_message(what.type, what.encoding, what.content, request);
  talk.request_ends.push_back(talk.bytes.size());
  talk.replies.push_back(
      {wire_message(what.reply_type, what.reply_encoding, what.reply, reply), {}});
}

// What is wrong with the last message, and more bytes behind it, which nobody will look at.
void add_error(Random& random, Conversation& talk, std::uint64_t max_content) {
  std::string status = "bad_header";
  switch (random.below(3)) {
    case 0:
      talk.bytes += prefixed("{\"no\": \"header\"}");
      break;
    case 1:
      talk.bytes += prefixed(random_bytes(random, 1 + random.below(200)));
      break;
    default:
      status = "content_too_large";
      talk.bytes +=
          prefixed(R"({"byteorder": "little", "content-type": "x", "content-encoding": "binary", )"
                   R"("connection": "keep-alive", "content-length": )" +
                   std::to_string(max_content + 1 + random.below(1'000'000)) + "}");
  }
  talk.request_ends.push_back(talk.bytes.size());
  talk.replies.push_back({{}, status});
  talk.bytes += random_bytes(random, random.below(150'000));
}

void converse_app(Random& random, Conversation& talk, std::uint64_t tag,
                  std::uint64_t max_content) {
  const std::uint64_t count = 1 + random.below(random.below(4) == 0 ? 40 : 6);
  const bool half_close = random.below(4) == 0;
  const bool error = !half_close && random.below(4) == 0;
  const bool plain = !half_close && !error && count == 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const bool last = !half_close && !error && i + 1 == count;
    add_app_request(talk, app_exchange(random, tag, max_content), tag * 1000 + i, last, !plain);
  }
  if (error) add_error(random, talk, max_content);
  talk.end = half_close ? Conversation::End::kHalfClose : Conversation::End::kServerCloses;
}

void converse_echo(Random& random, Conversation& talk, std::uint64_t tag) {
  const std::uint64_t count = 1 + random.below(8);
  const bool half_close = talk.protocol != Protocol::kMessageEcho || random.below(2) == 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t longest = random.below(6) == 0 ? 60'000 : 900;
    std::string one =
        "tag " + std::to_string(tag) + ' ' + random_bytes(random, random.below(longest));
    if (talk.protocol == Protocol::kFramedEcho || talk.protocol == kStreamedFrames) {
      one = prefixed(one);
    }
    if (talk.protocol == Protocol::kMessageEcho) {
      const bool last = !half_close && i + 1 == count;
      const std::string keep = last ? "" : R"("connection": "keep-alive", )";
      one = prefixed("{" + keep + R"("Content-Length": )" + std::to_string(one.size()) + "}") + one;
    }
    talk.bytes += one;
    talk.request_ends.push_back(talk.bytes.size());
    talk.replies.push_back({one, {}});
  }
  talk.end = half_close ? Conversation::End::kHalfClose : Conversation::End::kServerCloses;
}

// How fast it is sent and read: honest peers stay within every time limit.
void set_pace(Random& random, Conversation& talk) {
  if (random.below(3) == 0) {
    talk.piece_bytes = talk.bytes.size() / 40 + 1 + random.below(400);
    talk.gap = std::chrono::milliseconds(random.below(60));
  }
  if (random.below(3) == 0 && talk.request_ends.size() > 1) {
    talk.pause_at = talk.request_ends[random.below(talk.request_ends.size() - 1)];
    talk.pause = std::chrono::milliseconds(random.below(45'000));
  }
  if (random.below(5) == 0) talk.reading = Conversation::Reading::kSlowly;
  // Where there is enough to read: a reply that fills the kernel's buffers.
  if (talk.bytes.size() > 90'000 && random.below(4) > 0) {
    talk.reading = Conversation::Reading::kCrawling;
  }
  // Not for longer than a server that has no more to say would listen.
  if (random.below(4) == 0 && talk.bytes.size() < 30'000 && !talk.pause_at && talk.gap == 0ms) {
    talk.reading = Conversation::Reading::kBehindSending;
  }
}

}  // namespace

std::string random_bytes(Random& random, std::size_t size) {
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random.next() >> 40);
  return bytes;
}

std::string wire_message(const std::string& type, const std::string& encoding,
                         const std::string& content, const std::string& more) {
  const std::string order = std::endian::native == std::endian::little ? "little" : "big";
  return prefixed(R"({"byteorder": ")" + order + R"(", "content-type": ")" + type +
                  R"(", "content-encoding": ")" + encoding + R"(", "content-length": )" +
                  std::to_string(content.size()) + more + "}") +
         content;
}

std::optional<std::size_t> message_length(const std::string& received) {
  if (received.size() < 2) return std::nullopt;
  const std::size_t header = static_cast<unsigned char>(received[0]) * std::size_t{256} +
                             static_cast<unsigned char>(received[1]);
  if (received.size() < 2 + header) return std::nullopt;
  static const std::string kKey = "\"content-length\": ";
  const std::size_t at = received.find(kKey);
  if (at == std::string::npos || at > header) return std::nullopt;
  const std::size_t total = 2 + header + std::stoul(received.substr(at + kKey.size(), 12));
  return received.size() < total ? std::nullopt : std::optional(total);
}

std::string closing(const std::string& reply) {
  static const std::string kKept = R"("connection": "keep-alive")";
  const std::size_t at = reply.find(kKept);
  const auto header = static_cast<std::size_t>(static_cast<unsigned char>(reply[0])) * 256 +
                      static_cast<unsigned char>(reply[1]);
  if (at == std::string::npos || at > header) return reply;
  std::string json = reply.substr(2, header);
  json.replace(at - 2, kKept.size(), R"("connection": "close")");
  return prefixed(json) + reply.substr(2 + header);
}

std::string message_status(const std::string& message) {
  static const std::string kKey = "\"status\": \"";
  const std::size_t at = message.find(kKey);
  if (at == std::string::npos) return {};
  const std::size_t begin = at + kKey.size();
  return message.substr(begin, message.find('"', begin) - begin);
}

Conversation honest_conversation(Random& random, Protocol protocol, std::uint64_t tag,
                                 std::uint64_t max_content) {
  Conversation talk;
  talk.kind = "honest";
  talk.protocol = protocol;
  if (protocol == Protocol::kApp) {
    converse_app(random, talk, tag, max_content);
  } else {
    converse_echo(random, talk, tag);
  }
  set_pace(random, talk);
  return talk;
}

namespace {

// Begins a header, or a content, and gives a little more of it now and then.
Conversation slow(const std::string& kind, std::string bytes) {
  Conversation talk;
  talk.kind = kind;
  talk.honest = false;
  talk.bytes = std::move(bytes);
  return talk;
}

}  // namespace

Conversation attack(Random& random, Protocol protocol, std::uint64_t tag,
                    std::uint64_t max_content) {
  Conversation talk = honest_conversation(random, protocol, tag, max_content);
  talk.honest = false;
  talk.pause_at.reset();
  talk.end = Conversation::End::kServerCloses;
  switch (random.below(8)) {
    case 0:  // slow-loris: a byte of a header now and then, for ever
      talk = slow("slow-loris", prefixed(std::string(600, ' ')));
      talk.piece_bytes = 1;
      talk.gap = 2s;
      talk.must_end_within = 16s;
      break;
    case 1:  // the same within the content
      talk = slow("slow-content", prefixed(R"({"byteorder": "big", "content-type": "x", )"
                                           R"("content-encoding": "binary", "content-length": )" +
                                           std::to_string(max_content) + "}") +
                                      std::string(600, ' '));
      talk.piece_bytes = 120;
      talk.gap = 20s;
      talk.must_end_within = 50s;  // it may have been silent for the first 10
      break;
    case 2:
      talk.kind = "never-reading";
      talk.reading = Conversation::Reading::kNever;
      talk.piece_bytes = 64 * 1024;
      talk.gap = 0ms;
      while (talk.bytes.size() < 700'000) talk.bytes += talk.bytes;
      talk.must_end_within = 80s;
      break;
    case 3:
      talk.kind = "half-closing";
      talk.bytes.resize(random.below(talk.bytes.size()));
      talk.end = Conversation::End::kHalfClose;
      break;
    case 4:
      talk.kind = "resetting";
      talk.bytes.resize(random.below(talk.bytes.size()));
      talk.end = Conversation::End::kReset;
      break;
    case 5:  // one message, and then not a word more
      talk.kind = "silent";
      // Who reads without pause is not cut off, however long it takes.
      if (talk.reading == Conversation::Reading::kCrawling) {
        talk.reading = Conversation::Reading::kAtOnce;
      }
      talk.bytes.resize(talk.request_ends.front());
      talk.must_end_within = 75s;
      break;
    case 6:
      talk.kind = "garbage";
      talk.bytes = random_bytes(random, 1 + random.below(4000));
      talk.request_ends.clear();
      talk.replies.clear();
      if (protocol == Protocol::kRawEcho) talk.replies.push_back({talk.bytes, {}});
      talk.must_end_within = 80s;
      break;
    default:
      talk.kind = "oversized";
      talk.protocol = Protocol::kApp;
      talk.bytes.clear();
      talk.request_ends.clear();
      talk.replies.clear();
      add_error(random, talk, max_content);
      talk.must_end_within = 45s;
  }
  return talk;
}

}  // namespace appd::testing
