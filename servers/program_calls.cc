#include "appd/servers/program_calls.h"

#include <algorithm>
#include <chrono>
#include <exception>
#include <string_view>
#include <utility>

#include "appd/servers/sessions/peer_of.h"

namespace appd::servers {
namespace {

template <class Call>
void call_and_log(logging::Log& log, std::string_view what, const Call& call) {
  try {
    call();
  } catch (const std::exception& error) {
    log.write(logging::Level::kError, "a function of the program failed",
              {{"function", what}, {"reason", error.what()}});
  } catch (...) {
    log.write(logging::Level::kError, "a function of the program failed", {{"function", what}});
  }
}

std::string name_of(reactor::Duration interval) {
  const auto millis = std::chrono::duration_cast<std::chrono::milliseconds>(interval);
  return "every " + std::to_string(millis.count()) + " ms";
}

}  // namespace

PeriodicCall::PeriodicCall(reactor::EventLoop& loop, handlers::RunningCall& running,
                           logging::Log& log, ProgramFunctions::Periodic what)
    : loop_(loop),
      running_(running),
      log_(log),
      what_(std::move(what)),
      timer_(reactor::Timer::calling<&PeriodicCall::on_due>(loop.timers(), *this)) {
  named_.name = name_of(what_.interval);
  timer_.arm(loop_.now() + what_.interval);
}

void PeriodicCall::on_due() {
  const reactor::TimePoint next = timer_.deadline() + what_.interval;
  timer_.arm(next > loop_.now() ? next : loop_.now() + what_.interval);
  const handlers::RunningCall::Scope scope(running_, named_, 0);
  call_and_log(log_, named_.name, [this] { what_.function(loop_.now()); });
}

void ConnectionEvents::connected(const Session& session, const handlers::Peer& peer) {
  const auto there = there_.emplace(&session, peer).first;
  for (const auto& function : functions_.connect) call(function, there->second);
}

void ConnectionEvents::disconnected(const Session& session) {
  const auto gone = there_.extract(&session);
  if (gone.empty()) return;
  const auto& functions = functions_.disconnect;
  std::for_each(functions.rbegin(), functions.rend(),
                [&](const auto& function) { call(function, gone.mapped()); });
}

void ConnectionEvents::call(const ProgramFunctions::ConnectionFunction& function,
                            const handlers::Peer& peer) {
  call_and_log(log_, "on connections", [&] { function(peer); });
}

}  // namespace appd::servers
