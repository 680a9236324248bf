#include "shortener/shortener.h"

#include <appd/test.h>
#include <doctest/doctest.h>

#include <set>

TEST_CASE("links: each address has one name, which leads back to it") {
  Links links(":memory:");
  const std::int64_t first = links.add("https://example.org/");
  CHECK(links.add("https://example.org/a") != first);
  CHECK(links.add("https://example.org/") == first);
  CHECK(links.find(first) == "https://example.org/");
  CHECK(!links.find(999));
  CHECK_THROWS_AS(Links("/no/such/folder/links.db"), std::runtime_error);
}
