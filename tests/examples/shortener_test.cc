#include "shortener/shortener.h"

#include <appd/test.h>
#include <doctest/doctest.h>

TEST_CASE("links: each address has one name, which leads back to it") {
  Links links(":memory:");
  const std::int64_t first = links.add("https://example.org/");
  CHECK(links.add("https://example.org/a") != first);
  CHECK(links.add("https://example.org/") == first);
  CHECK(links.find(first) == "https://example.org/");
  CHECK(!links.find(999));
  CHECK_THROWS_AS(Links("/no/such/folder/links.db"), std::runtime_error);
}

TEST_CASE("shortener: names lead back to addresses, and nothing else does") {
  Shortener shortener(":memory:");
  appd::App app;
  shortener.add_to(app);
  const appd::daemon::Options options;
  app.call_start_functions(options);
  {
    appd::test::SimulatedApp world(app);
    CHECK(world.call("shorten", R"("https://example.org/")") == R"("s1")");
    CHECK(world.call("shorten", R"("https://example.org/a")") == R"("s2")");
    CHECK(world.call("expand", R"("s1")") == R"("https://example.org/")");
    for (const char* name : {R"("s3")", R"("s")", R"("1")", R"("s-1")", R"("szzzzzzzzzzzz")"}) {
      CAPTURE(name);
      CHECK(world.call("expand", name) == "invalid_argument: no link of that name");
    }
    CHECK(world.call("shorten", R"("gopher://x")").starts_with("invalid_argument: an address"));
  }
  app.call_stop_functions();
}
