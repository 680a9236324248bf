// A raw echo on libuv, one thread: uv_try_write, and a queued write for what the kernel refuses.
#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "tests/bench/peers/listening_port.h"

namespace {

struct Peer {
  uv_tcp_t tcp{};
};

struct Write {
  uv_write_t request{};
  std::string bytes;
};

char shared_buffer[64 * 1024];

void allocate(uv_handle_t*, std::size_t, uv_buf_t* buffer) {
  *buffer = uv_buf_init(shared_buffer, sizeof shared_buffer);
}

void close(uv_stream_t* stream) {
  if (uv_is_closing(reinterpret_cast<uv_handle_t*>(stream)) != 0) return;
  uv_close(reinterpret_cast<uv_handle_t*>(stream),
           [](uv_handle_t* handle) { delete static_cast<Peer*>(handle->data); });
}

void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer);

// A peer that does not read is read from no further.
void queue_write(uv_stream_t* stream, const char* bytes, std::size_t count) {
  auto* const write = new Write{{}, std::string(bytes, count)};
  write->request.data = write;
  uv_buf_t rest = uv_buf_init(write->bytes.data(), static_cast<unsigned>(count));
  uv_read_stop(stream);
  uv_write(&write->request, stream, &rest, 1, [](uv_write_t* done, int status) {
    uv_stream_t* const back = done->handle;
    delete static_cast<Write*>(done->data);
    if (status < 0) {
      close(back);
    } else {
      uv_read_start(back, allocate, on_read);
    }
  });
}

void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) {
  if (count < 0) close(stream);
  if (count <= 0) return;
  uv_buf_t bytes = uv_buf_init(buffer->base, static_cast<unsigned>(count));
  const int sent = uv_try_write(stream, &bytes, 1);
  if (sent < 0 && sent != UV_EAGAIN) {
    close(stream);
    return;
  }
  const std::size_t taken = sent < 0 ? 0 : static_cast<std::size_t>(sent);
  const std::size_t left = static_cast<std::size_t>(count) - taken;
  if (left > 0) queue_write(stream, buffer->base + taken, left);
}

void on_connection(uv_stream_t* server, int status) {
  if (status < 0) return;
  auto* const peer = new Peer;
  uv_tcp_init(server->loop, &peer->tcp);
  peer->tcp.data = peer;
  auto* const stream = reinterpret_cast<uv_stream_t*>(&peer->tcp);
  if (uv_accept(server, stream) != 0) {
    close(stream);
    return;
  }
  uv_tcp_nodelay(&peer->tcp, 1);
  uv_read_start(stream, allocate, on_read);
}

}  // namespace

int main() {
  uv_loop_t* const loop = uv_default_loop();
  uv_tcp_t server;
  sockaddr_in address;
  uv_tcp_init(loop, &server);
  uv_ip4_addr("127.0.0.1", 0, &address);
  uv_tcp_bind(&server, reinterpret_cast<const sockaddr*>(&address), 0);
  if (uv_listen(reinterpret_cast<uv_stream_t*>(&server), 4096, on_connection) != 0) return 1;
  int length = sizeof address;
  uv_tcp_getsockname(&server, reinterpret_cast<sockaddr*>(&address), &length);
  appd::bench::print_listening(ntohs(address.sin_port));
  return uv_run(loop, UV_RUN_DEFAULT);
}
