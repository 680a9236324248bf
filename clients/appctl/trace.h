// The wire as the tutorial's client prints it, bytes and values in Python's notation:
//
//   starting connection to ('127.0.0.1', 65432)
//   sending b'\x00g{"byteorder": ...' to ('127.0.0.1', 65432)
//   received response {'result': '...'} from ('127.0.0.1', 65432)
//   got result: ...
//   closing connection to ('127.0.0.1', 65432)
#pragma once

#include <string>
#include <string_view>

#include "appd/clients/appctl/console.h"
#include "appd/clients/reply.h"
#include "appd/clients/request.h"
#include "appd/protocol/address.h"

namespace appd::clients {

// As Python prints the address that it was given: a tuple, or a Unix socket's path as a string.
[[nodiscard]] std::string python_address(const protocol::Address& address);

class Trace {
 public:
  // `console` is borrowed; a trace that is off writes nothing.
  Trace(bool on, const protocol::Address& server, Console& console);

  void connecting();
  void sending(const WireRequest& request);
  // `packed_number`: the reply to double or negate in their binary form.
  void received(const Reply& reply, bool packed_number);
  void closing();

 private:
  void received_json(const Reply& reply);
  void line(std::string_view text);

  const bool on_;
  const bool messages_;  // replies have a header
  const std::string address_;
  Console& console_;
};

}  // namespace appd::clients
