// For protocols of one's own as a coroutine, with App::protocol() of app.h
// (servers/sessions/stream.h).
#pragma once

#include "appd/handlers.h"
#include "appd/servers/sessions/stream.h"

namespace appd {

using protocol::ByteOrder;
using protocol::LengthPrefix;
using servers::Stream;
using servers::StreamEnd;
using servers::StreamRead;

}  // namespace appd
