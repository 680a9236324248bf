// Calling a server from a program of your own (docs/protocol.md):
//
//   auto client = appd::Client::connect("app://127.0.0.1:65432");
//   if (!client) ...  // client.error().message
//   auto request = appd::build_request("search", {.text = "morpheus"},
//   appd::ValueForm::kAutomatic); auto reply = (*client)->call(*request); auto text =
//   reply->result_text();
//
// CMake: find_package(appd), target_link_libraries(... appd::client).
#pragma once

#include "appd/clients/client.h"
#include "appd/clients/request_builder.h"

namespace appd {

using clients::build_request;
using clients::CallValue;
using clients::Client;
using clients::client_error_of;
using clients::ClientError;
using clients::ClientOptions;
using ClientReply = clients::Reply;
using ClientRequest = clients::Request;
using clients::ValueForm;

}  // namespace appd
