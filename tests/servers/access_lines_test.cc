#include "servers/access_lines.h"

#include <doctest/doctest.h>

#include <string>

#include "handlers/typed.h"
#include "tests/servers/text_file.h"
#include "tests/support/temporary_folder.h"

namespace appd::servers {
namespace {

class Connection final : public handlers::PeerSource {
 public:
  const handlers::Peer& peer() override { return peer_; }

 private:
  const handlers::Peer peer_{.address = "10.0.0.1:50312", .host = "10.0.0.1"};
};

struct Fixture {
  // Calls "act" through the layer.
  void call() {
    Connection connection;
    handlers::Request request;
    request.action = action.name;
    request.source = &connection;
    handlers::Reply reply;
    CHECK(action.handler(request, reply).has_value());
  }

  appd::testing::TemporaryFolder folder;
  const LogOptions options{.file = folder.file("log")};
  AccessLines lines;
  const handlers::Action action =
      handlers::with_layer(handlers::make_action("act", [] { return 1; }), lines.layer());
};

TEST_CASE_FIXTURE(Fixture, "access lines: who called what, and how it ended") {
  {
    Log log(options);
    lines.write_to(&log);
    call();
    lines.write_to(nullptr);
  }
  const std::string written = read_text_file(options.file);
  CHECK(written.find(" info answered peer=10.0.0.1:50312 action=act status=ok bytes=13 micros=") !=
        std::string::npos);
}

TEST_CASE_FIXTURE(Fixture, "access lines: without a log, or above its level, nothing is written") {
  {
    Log log(options);
    call();
    log.set_level(Level::kWarn);
    lines.write_to(&log);
    call();
    lines.write_to(nullptr);
  }
  CHECK(read_text_file(options.file).empty());
}

}  // namespace
}  // namespace appd::servers
