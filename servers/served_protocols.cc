#include "appd/servers/served_protocols.h"

#include <algorithm>
#include <stdexcept>

#include "appd/protocol/address.h"
#include "appd/servers/sessions/app_session.h"
#include "appd/servers/sessions/framed_echo_session.h"
#include "appd/servers/sessions/message_echo_session.h"
#include "appd/servers/sessions/raw_echo_session.h"

namespace appd::servers {

using protocol::Protocol;

void ServedProtocols::add(std::string_view name, std::size_t session_bytes, SessionFactory make) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-";
  const std::string which = "protocol \"" + std::string(name) + "\": ";
  if (name.empty() || name.find_first_not_of(kLetters) != std::string_view::npos) {
    throw std::invalid_argument(which + "a name has lower-case letters, digits and hyphens");
  }
  if (find(name) != nullptr) throw std::invalid_argument(which + "is registered already");
  if (all_.size() == kMost) throw std::invalid_argument(which + "there are too many protocols");
  names_.reserve(names_.size() + 1);
  all_.push_back({std::string(name), session_bytes, make, all_.size()});
  names_.push_back(all_.back().name);
}

const ServedProtocol* ServedProtocols::find(std::string_view name) const {
  const auto found = std::find_if(all_.begin(), all_.end(),
                                  [name](const ServedProtocol& one) { return one.name == name; });
  return found == all_.end() ? nullptr : &*found;
}

void add_built_in_protocols(ServedProtocols& protocols) {
  protocols.add<AppSession>(Protocol::kApp);
  protocols.add<MessageEchoSession>(Protocol::kMessageEcho);
  protocols.add<FramedEchoSession>(Protocol::kFramedEcho);
  protocols.add<RawEchoSession>(Protocol::kRawEcho);
}

std::shared_ptr<const ServedProtocols> built_in_protocols() {
  auto protocols = std::make_shared<ServedProtocols>();
  add_built_in_protocols(*protocols);
  return protocols;
}

}  // namespace appd::servers
