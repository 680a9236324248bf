#include "appd/daemon/app_life.h"

#include <stdexcept>
#include <utility>

namespace appd::daemon {

void AppLife::on_start(StartFunction function) { start_functions_.push_back(std::move(function)); }

void AppLife::on_stop(StopFunction function) { stop_functions_.push_back(std::move(function)); }

void AppLife::on_reload(StartFunction function) {
  reload_functions_.push_back(std::move(function));
}

void AppLife::every(reactor::Duration interval, std::function<void()> function) {
  every(interval, [function = std::move(function)](reactor::TimePoint) { function(); });
}

void AppLife::every(reactor::Duration interval,
                    std::function<void(reactor::TimePoint now)> function) {
  if (interval <= reactor::Duration::zero()) {
    throw std::invalid_argument("every() needs an interval of more than nothing");
  }
  functions_.periodic.push_back({interval, std::move(function)});
}

void AppLife::on_connect(servers::ProgramFunctions::ConnectionFunction function) {
  functions_.connect.push_back(std::move(function));
}

void AppLife::on_disconnect(servers::ProgramFunctions::ConnectionFunction function) {
  functions_.disconnect.push_back(std::move(function));
}

void AppLife::call_reload_functions(const Options& options) const {
  for (const StartFunction& function : reload_functions_) function(options);
}

void AppLife::call_start_functions(const Options& options) const {
  for (const StartFunction& function : start_functions_) function(options);
}

void AppLife::call_stop_functions() const {
  for (auto it = stop_functions_.rbegin(); it != stop_functions_.rend(); ++it) (*it)();
}

}  // namespace appd::daemon
