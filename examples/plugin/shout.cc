// An action for a daemon that is there already: `appd --plugin libshout.so`.
#include <appd/plugin.h>

APPD_PLUGIN(registry) {
  registry.add(appd::make_action(
      "shout",
      [](std::string text) -> appd::Result<std::string> {
        if (text.empty()) return appd::fail(appd::Status::kInvalidArgument, "nothing to shout");
        return text + "!";
      },
      {.summary = "text with an exclamation mark", .examples = {{R"("hey")", R"("hey!")"}}}));
}
