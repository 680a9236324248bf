#include "thumbnails/thumbnails.h"

#include <appd/test.h>
#include <doctest/doctest.h>

using namespace std::chrono_literals;
using appd::test::SimulatedApp;

namespace {

std::string picture(std::size_t width, std::size_t height, char shade) {
  return "P6\n" + std::to_string(width) + " " + std::to_string(height) + "\n255\n" +
         std::string(width * height * 3, shade);
}

appd::clients::Request thumbnail(const std::string& content) {
  appd::clients::Request request;
  request.content_type = "image/x-portable-pixmap";
  request.content_encoding = "binary";
  request.content = content;
  request.action = "thumbnail";
  request.request_id = R"("cat")";
  request.keep_alive = true;
  return request;
}

struct ThumbnailWorld {
  ThumbnailWorld() {
    thumbnails.add_to(app);
    world.emplace(app);
    world->work_takes(1s);  // for 16 rows
  }
  Thumbnails thumbnails;
  appd::App app;
  std::optional<SimulatedApp> world;
};

}  // namespace

TEST_CASE("thumbnails: half as wide, half as high, of the same shade") {
  ThumbnailWorld there;
  auto client = there.world->client();
  CHECK(client.start(thumbnail(picture(9, 64, 'x'))).wait() ==
        "P6 4 32 255\n" + std::string(4 * 32 * 3, 'x'));
}

TEST_CASE("thumbnails: others see how far it is, and may cancel it") {
  ThumbnailWorld there;
  auto painter = there.world->client();
  auto other = there.world->client();
  CHECK(other.call("progress", R"("cat")") == "null");
  auto pending = painter.start(thumbnail(picture(4, 320, 'x')));  // ten pieces
  there.world->jump(2500ms);
  CHECK(other.call("progress", R"("cat")") == "20");
  there.world->jump(3s);
  CHECK(other.call("progress", R"("cat")") == "50");
  CHECK(other.call("cancel", R"("cat")") == "true");
  CHECK(pending.wait() == "unavailable: cancelled");
  CHECK(other.call("progress", R"("cat")") == "null");
  CHECK(other.call("cancel", R"("cat")") == "false");
}

TEST_CASE("thumbnails: a caller that leaves cancels its own") {
  ThumbnailWorld there;
  auto painter = std::optional(there.world->client());
  auto other = there.world->client();
  auto pending = painter->start(thumbnail(picture(4, 3200, 'x')));
  there.world->jump(2500ms);
  CHECK(other.call("progress", R"("cat")") == "2");
  painter.reset();
  there.world->jump(5s);
  CHECK(other.call("progress", R"("cat")") == "null");
}

TEST_CASE("thumbnails: what is no picture is refused") {
  ThumbnailWorld there;
  auto client = there.world->client();
  const std::string good = picture(2, 2, 'x');
  for (const std::string& bad :
       {std::string(), std::string("P5 2 2 255\n"), good.substr(0, good.size() - 1), good + "x",
        std::string("P6 0 2 255\n"), std::string("P6 2 2 65535\n"),
        std::string("P6 99999999999999999999 2 255\n")}) {
    CAPTURE(bad);
    CHECK(client.start(thumbnail(bad)).wait().starts_with("invalid_argument: not a picture"));
  }
  CHECK(client.start(thumbnail(picture(1, 1, 'x'))).wait() == "P6 0 0 255\n");
}
