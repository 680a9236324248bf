#include "appd/servers/served_protocols.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "appd/protocol/address.h"
#include "appd/servers/sessions/app_session.h"
#include "appd/servers/sessions/framed_echo_session.h"
#include "appd/servers/sessions/message_echo_session.h"
#include "appd/servers/sessions/raw_echo_session.h"

namespace appd::servers {

using protocol::Protocol;

void ServedProtocols::add(std::string_view name, SessionMaker sessions) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  const std::string which = "protocol \"" + std::string(name) + "\": ";
  if (name.empty() || name.find_first_not_of(kLetters) != std::string_view::npos) {
    throw std::invalid_argument(which + "a name has lower-case letters, digits and hyphens");
  }
  if (find(name) != nullptr) throw std::invalid_argument(which + "is registered already");
  if (all_.size() == kMost) throw std::invalid_argument(which + "there are too many protocols");
  names_.reserve(names_.size() + 1);
  all_.push_back({std::string(name), std::move(sessions), all_.size()});
  names_.push_back(all_.back().name);
}

const ServedProtocol* ServedProtocols::find(std::string_view name) const {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [name](const ServedProtocol& one) { return one.name == name; });
  return found == all_.end() ? nullptr : &*found;
}

void add_built_in_protocols(ServedProtocols& protocols) {
  protocols.add(Protocol::kApp, session_maker<AppSession>());
  protocols.add(Protocol::kMessageEcho, session_maker<MessageEchoSession>());
  protocols.add(Protocol::kFramedEcho, session_maker<FramedEchoSession>());
  protocols.add(Protocol::kRawEcho, session_maker<RawEchoSession>());
}

std::shared_ptr<const ServedProtocols> built_in_protocols() {
  static const auto protocols = [] {
    auto made = std::make_shared<ServedProtocols>();
    add_built_in_protocols(*made);
    return std::shared_ptr<const ServedProtocols>(std::move(made));
  }();
  return protocols;
}

}  // namespace appd::servers
