#include "appd/reactor/posix/descriptor_io.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>
#include <vector>

using namespace appd::reactor;

namespace {

struct NonBlockingPipe {
  NonBlockingPipe() {
    std::array<int, 2> ends{};
    REQUIRE(::pipe(ends.data()) == 0);
    for (const int end : ends) ::fcntl(end, F_SETFL, O_NONBLOCK);
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
  }
  OwnedFd read_end;
  OwnedFd write_end;
};

std::string read_to_end(int fd) {
  std::string all;
  std::vector<char> piece(1000);
  while (const std::size_t count = read_some(fd, piece, "the pipe").value()) {
    all.append(piece.data(), count);
  }
  return all;
}

}  // namespace

TEST_CASE("descriptor io: all that is written to a non-blocking pipe arrives, however slowly") {
  NonBlockingPipe pipe;
  std::string sent;
  for (int i = 0; i < 300'000; ++i) sent += std::to_string(i);
  std::string received;
  std::thread reader([&] { received = read_to_end(pipe.read_end.get()); });
  CHECK(write_all(pipe.write_end.get(), sent, "the pipe").has_value());
  pipe.write_end.reset();
  reader.join();
  CHECK(received == sent);
}

TEST_CASE("descriptor io: the end of a non-blocking input is its writer's, not its first pause") {
  NonBlockingPipe pipe;
  std::thread writer([&] {
    for (const char* piece : {"one", "two"}) {
      std::this_thread::yield();
      CHECK(write_all(pipe.write_end.get(), piece, "the pipe").has_value());
    }
    pipe.write_end.reset();
  });
  CHECK(read_to_end(pipe.read_end.get()) == "onetwo");
  writer.join();
}

TEST_CASE("descriptor io: what cannot be done names the stream and the reason") {
  NonBlockingPipe pipe;
  std::vector<char> room(1);
  CHECK(read_some(pipe.write_end.get(), room, "standard input").error().message ==
        "read standard input: Bad file descriptor");
  CHECK(write_all(pipe.read_end.get(), "x", "standard output").error().message ==
        "write standard output: Bad file descriptor");
  std::signal(SIGPIPE, SIG_IGN);
  pipe.read_end.reset();
  const auto written = write_all(pipe.write_end.get(), "x", "it");
  std::signal(SIGPIPE, SIG_DFL);
  CHECK(written.error().message == "write it: Broken pipe");
}
