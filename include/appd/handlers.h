// What actions are made of, without the daemon around them. Included by app.h, plugin.h and test.h.
#pragma once

#include "appd/handlers/layers/layer.h"
#include "appd/handlers/registry.h"
#include "appd/handlers/session_data.h"
#include "appd/handlers/typed/typed.h"

namespace appd {

using handlers::Action;
using handlers::ActionOptions;
using handlers::Bytes;
using handlers::CallContext;
using handlers::CallReply;
using handlers::CallRequest;
using handlers::Event;
using handlers::Example;
using handlers::Json;
using handlers::JsonObject;
using handlers::JsonView;
using handlers::Layer;
using handlers::make_action;
using handlers::Next;
using handlers::OwnedRequest;
using handlers::Peer;
using handlers::Registry;
using handlers::Reply;
using handlers::Request;
using handlers::Responder;
using handlers::Result;
using handlers::SessionData;
using handlers::Status;
using handlers::Task;
using protocol::Address;
using protocol::Error;
using protocol::fail;
using protocol::parse_address;
using reactor::Duration;
using reactor::StopCallback;
using reactor::StopToken;
using reactor::TimePoint;

}  // namespace appd
