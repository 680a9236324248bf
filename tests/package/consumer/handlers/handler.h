// A folder and a file that a user's project may well have: appd's headers must not mistake it for
// theirs, nor the user's sources appd's for it.
#pragma once

namespace consumer {
constexpr const char* kGreeting = "hello";
}
