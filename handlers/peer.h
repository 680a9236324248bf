// The other end of the connection that a request came over, as handlers see it: text.
#pragma once

#include <string>

#include "appd/reactor/clock.h"

namespace appd::handlers {

struct Peer {
  // "127.0.0.1:50312", "[::1]:50312", as logs print it; always UTF-8 on one line. A Unix socket's
  // client has a path seldom, and is "unix pid=812 uid=1000": what the kernel saw when it connected
  // (without the numbers where the system does not tell). "unspecified" where the system no longer
  // knew it, because the connection was broken when it was first asked. Empty: the call came over
  // no connection, as in a test that calls a handler itself.
  std::string address;
  // What limits count by: the address without its port, which each connection has anew, and an
  // IPv4-mapped one as IPv4. A Unix socket's client is its user, "unix uid=1000", because a path or
  // a process is as easily changed as a port.
  std::string host;

  bool operator==(const Peer&) const = default;
};

class SessionData;  // session_data.h

// Where a call comes from. Implemented by sessions; a source of its own knows nobody.
class PeerSource {
 public:
  // Looked up when somebody asks for the first time, and kept: whoever does not ask does not pay.
  // Valid as long as the source. The thread that it was given to only.
  [[nodiscard]] virtual const Peer& peer();
  // What the program keeps for the connection, made when somebody first asks. Null: the call comes
  // over none, or runs on another thread than its loop's. Valid as long as the connection.
  [[nodiscard]] virtual SessionData* session_data() { return nullptr; }
  // Of the loop, of its turn; a source of its own reads the system's clock.
  [[nodiscard]] virtual reactor::TimePoint now();

 protected:
  ~PeerSource() = default;
};

}  // namespace appd::handlers
