// The forms that the tutorial's client has for four actions, which appctl keeps where nothing else
// is asked for (docs/appctl.md). A server of one's own may mean something else by these names: only
// the command line knows of them, and where such a request fails it says how it was sent.
//
//   action            value                           sent as
//   binary            its bytes                       the action's and the value's bytes
//   double, negate    a whole number of 32 bits       the name and a big-endian int32
//   search            a string, whatever it looks     {"action": ..., "value": "..."}
//                     like
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "appd/clients/reply.h"
#include "appd/clients/request_builder.h"

namespace appd::clients {

enum class TutorialForm : std::uint8_t {
  kNone,          // as any action goes
  kBytes,         // binary, and every action with ValueForm::kBinary
  kPackedNumber,  // double and negate; the reply is `result` and a big-endian int32
  kString,        // search
};

[[nodiscard]] TutorialForm tutorial_form(std::string_view action, ValueForm form);

// What a reply to a packed number says; nullopt where it is something else.
[[nodiscard]] std::optional<std::int32_t> unpack_number(std::string_view content);

// As build_request(), but for the actions above. Errors: kInvalidRequest.
[[nodiscard]] Result<Request> build_tutorial_request(std::string_view action, CallValue value,
                                                     ValueForm form,
                                                     const std::vector<std::string>& fields = {});

// Where `reply` says that the server has no such action or does not like the value: why the request
// went that way, and what sends it otherwise. nullopt: it went as any other, or nothing is wrong
// with the way.
[[nodiscard]] std::optional<std::string> tutorial_hint(std::string_view action, ValueForm form,
                                                       const Reply& reply);

}  // namespace appd::clients
