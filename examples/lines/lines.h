// A protocol of one's own, a line for a line, for people with nc and telnet: the first word is an
// action, the rest its value, text or JSON. `quit` ends.
#pragma once

#include <appd/app.h>
#include <appd/stream.h>

#include <string>

inline std::string one_line(const appd::Result<appd::CallReply>& reply) {
  if (!reply) return "error: " + reply.error().message + "\n";
  const auto result = reply->result();
  return result ? std::string(result->text()) + "\n" : reply->content + "\n";
}

inline appd::CallRequest request_of(const std::string& line) {
  const std::size_t blank = line.find(' ');
  appd::CallRequest request(line.substr(0, blank));
  if (blank == std::string::npos) return request;
  const std::string value = line.substr(blank + 1);
  // What is no JSON is text.
  request.content = appd::Json::parse(value) ? value : std::string(appd::Json::of(value).text());
  return request;
}

inline appd::Task<> talk(appd::Stream peer) {
  while (auto line = co_await peer.read_until("\n", 64 * 1024)) {
    if (line->ends_with('\r')) line->pop_back();
    if (*line == "quit") co_return;
    const std::string answer = one_line(co_await peer.context().call_action(request_of(*line)));
    co_await peer.write(answer);
  }
}

inline void add_lines(appd::App& app) { app.protocol("lines", talk); }
