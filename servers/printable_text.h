// Any bytes as text that can be shown: protocol/printable_text.h, under the names that the servers
// know.
#pragma once

#include "appd/protocol/printable_text.h"

namespace appd::servers {

using protocol::in_quotes;
using protocol::on_one_line;
using protocol::valid_utf8;

}  // namespace appd::servers
