// What appctl was asked to do (docs/appctl.md): words, options and environment, checked, as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "appd/clients/appctl/reply_format.h"
#include "appd/clients/client_error.h"
#include "appd/clients/request_builder.h"
#include "appd/protocol/address.h"
#include "appd/reactor/clock.h"

namespace appd::clients {

enum class Command : std::uint8_t { kCall, kBench, kResolve, kShowText };

struct CommandLine {
  Command command = Command::kCall;
  std::string text;  // kShowText: the help or the version, to be printed

  // kCall, kBench.
  protocol::Address server;
  std::string action;                // empty for an echo server
  std::optional<std::string> value;  // as typed
  std::optional<std::string> file;   // instead of the value: a file's name, "-" for standard input
  ValueForm form = ValueForm::kAutomatic;  // of an app server also by tutorial_form()
  std::vector<std::string> header_fields;  // NAME=VALUE
  bool trace = false;
  OutputFormat output = OutputFormat::kText;
  std::size_t connections = 1;          // at once
  std::size_t repeat = 1;               // requests a connection
  std::size_t pipeline = 1;             // requests on the wire without a reply
  reactor::Duration timeout{};          // of connecting and a reply
  std::uint64_t max_content_bytes = 0;  // of a reply
  std::uint64_t max_value_bytes = 0;    // of a file or standard input

  // kBench: connections, pipeline, timeout and output as for kCall, and these.
  bool one_shot = false;              // a connection a request
  reactor::Duration duration{};       // of the window that is measured
  reactor::Duration warmup{};         // before it
  double rate = 0;                    // requests a second, an open loop; 0: a closed loop
  std::optional<std::string> expect;  // a file: what a raw echo server sends instead of the echo

  // kResolve.
  std::string host;
  std::string service;  // may be empty
};

// `arguments`: without the program's name. Reads the environment variable APPCTL_SERVER.
// Errors: kInvalidRequest, the text names the option or the word that is wrong.
[[nodiscard]] Result<CommandLine> parse_command_line(const std::vector<std::string>& arguments);

}  // namespace appd::clients
