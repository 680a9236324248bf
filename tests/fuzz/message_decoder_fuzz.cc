// The same stream in any slicing, with a fresh or a warm header cache, gives the same messages.
// Input: one byte that chooses the content limit, then the stream.
#include <string>
#include <vector>

#include "appd/protocol/message_decoder.h"
#include "appd/reactor/check.h"
#include "tests/fuzz/support/fuzz_input.h"
#include "tests/fuzz/support/header_text.h"

namespace {

using namespace appd::fuzz;
using namespace appd::protocol;

// Gives a decoder a stream in slices, as a session does, and notes what it says.
class Feeder {
 public:
  Feeder(DecodeContext& context, const DecodeLimits& limits) : decoder_(context, limits) {}

  void feed(std::string_view slice) {
    if (failed_) return;
    pending_ += slice;
    while (!failed_ && step()) {
    }
  }
  [[nodiscard]] const std::vector<std::string>& events() const { return events_; }

 private:
  bool step() {
    const ExactCopy input(pending_);
    const DecodeResult event = decoder_.next(input.bytes());
    if (!event) {
      failed_ = true;
      events_.push_back(event.error().message + ' ' + describe(*event.error().header));
      return false;
    }
    if (event->kind == DecodeEvent::Kind::kNeedMore) {
      APPD_CHECK(event->bytes > pending_.size(), event->bytes, pending_.size());
      APPD_CHECK(event->bytes >= needed_, event->bytes, needed_);
      // It knew how much it needed, and less will not do.
      if (pending_.size() < needed_) APPD_CHECK(event->bytes == needed_, event->bytes, needed_);
      needed_ = event->bytes;
      return false;
    }
    APPD_CHECK(event->kind == DecodeEvent::Kind::kMessage);
    APPD_CHECK(event->bytes <= pending_.size() && event->bytes >= needed_);
    APPD_CHECK(event->content.size() == event->header->content_length);
    events_.push_back(
        describe(*event->header) + ' ' +
        std::string(reinterpret_cast<const char*>(event->content.data()), event->content.size()));
    pending_.erase(0, event->bytes);
    needed_ = 0;
    return !pending_.empty();
  }

  MessageDecoder decoder_;
  std::string pending_;
  std::size_t needed_ = 0;
  std::vector<std::string> events_;
  bool failed_ = false;
};

// Every byte of short streams is a place to cut; of longer ones so many, far apart.
constexpr std::size_t kMaxCuts = 64;
// Byte by byte, and some with pieces of all sizes.
constexpr std::uint32_t kSlicings = 4;

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzInput input(data, size);
  const DecodeLimits limits{.max_content = std::uint64_t{1} << input.take_below(64)};
  const std::string_view stream = input.rest();

  DecodeContext fresh;
  Feeder whole(fresh, limits);
  whole.feed(stream);

  DecodeContext warm;
  for (std::size_t cut = 1; cut < stream.size(); cut += 1 + stream.size() / kMaxCuts) {
    Feeder halves(warm, limits);
    halves.feed(stream.substr(0, cut));
    halves.feed(stream.substr(cut));
    APPD_CHECK(halves.events() == whole.events(), cut);
  }
  for (std::uint32_t seed = 1; seed <= kSlicings; ++seed) {
    Feeder sliced(warm, limits);
    Pieces pieces(seed);
    for (std::string_view rest = stream; !rest.empty();) sliced.feed(pieces.take(rest));
    APPD_CHECK(sliced.events() == whole.events(), seed);
  }
  return 0;
}
