// For protocols of one's own as a session class, with App::protocol() of app.h: bytes in, bytes out
// (servers/sessions/session.h), and where messages end in them (protocol/frame_decoder.h).
#pragma once

#include "appd/protocol/frame_decoder.h"
#include "appd/servers/sessions/session.h"

namespace appd {

using protocol::ByteOrder;
using protocol::decode_delimited;
using protocol::decode_frame;
using protocol::Frame;
using protocol::LengthPrefix;
using reactor::Consumed;
using servers::Session;
using servers::SessionStart;

}  // namespace appd
