// One server in front of two: each question goes to the first, and to the second where the first is
// gone or too slow. The caller's deadline holds for all of it.
#pragma once

#include <appd/app.h>

#include <string>

class Gateway {
 public:
  void add_to(appd::App& app) {
    app.option("first", "The server that is asked first", first_);
    app.option("second", "The one that stands in for it", second_);
    app.on("search",
           [this](std::string query, appd::CallContext call) {
             return ask(std::move(query), std::move(call));
           },
           {.summary = "what one of two servers finds", .time_limit = std::chrono::seconds(2)});
  }

 private:
  appd::Task<appd::Result<appd::Json>> ask(std::string query, appd::CallContext call) {
    const std::string json(appd::Json::of(query).text());
    appd::Error last;
    for (const std::string& server : {first_, second_}) {
      const auto address = appd::parse_address(server);
      if (!address) co_return tl::unexpected(address.error());
      const auto reply =
          co_await call.call(*address, appd::CallRequest("search", json).within(kPatience));
      if (reply) {
        const auto result = reply->result();
        if (!result) co_return tl::unexpected(result.error());
        co_return appd::Json(*result);
      }
      last = reply.error();
    }
    co_return tl::unexpected(last);
  }

  // Of the first, so that the second has time left.
  static constexpr auto kPatience = std::chrono::milliseconds(500);

  std::string first_ = "app://first:7000";
  std::string second_ = "app://second:7000";
};
