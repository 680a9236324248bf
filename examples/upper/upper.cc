// A daemon of one's own: `upper --listen app://:7000`, then `appctl --server app://:7000 upper hi`.
#include <appd/app.h>

#include <algorithm>
#include <cctype>

namespace {

std::string to_upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

}  // namespace

int main(int argc, char** argv) {
  appd::App app(argc, argv);
  app.on("upper", [](std::string text) { return to_upper(std::move(text)); });
  return app.run();
}
