// A raw echo on libevent's bufferevents, one thread.
#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "tests/bench/peers/listening_port.h"

namespace {

// A peer that does not read is read from no further while so much is unsent.
constexpr std::size_t kHighWatermark = 1024 * 1024;

void on_read(bufferevent* event, void*) {
  evbuffer* const output = bufferevent_get_output(event);
  bufferevent_read_buffer(event, output);
  if (evbuffer_get_length(output) > kHighWatermark) bufferevent_disable(event, EV_READ);
}

void on_drained(bufferevent* event, void*) { bufferevent_enable(event, EV_READ); }

void on_event(bufferevent* event, short what, void*) {
  if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR)) != 0) bufferevent_free(event);
}

void on_accept(evconnlistener* listener, evutil_socket_t fd, sockaddr*, int, void*) {
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  bufferevent* const event =
      bufferevent_socket_new(evconnlistener_get_base(listener), fd, BEV_OPT_CLOSE_ON_FREE);
  bufferevent_setcb(event, on_read, on_drained, on_event, nullptr);
  bufferevent_enable(event, EV_READ | EV_WRITE);
}

}  // namespace

int main() {
  event_base* const base = event_base_new();
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  evconnlistener* const listener = evconnlistener_new_bind(
      base, on_accept, nullptr, LEV_OPT_CLOSE_ON_FREE, 4096, generic, sizeof address);
  if (listener == nullptr) return 1;
  socklen_t length = sizeof address;
  ::getsockname(evconnlistener_get_fd(listener), generic, &length);
  appd::bench::print_listening(ntohs(address.sin_port));
  return event_base_dispatch(base);
}
