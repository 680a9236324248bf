// What an event loop destroys for its owner, behind all callbacks of the turn.
#pragma once

namespace appd::reactor {

class Retirable {
 public:
  virtual ~Retirable() = default;
  // Instead of delete, for what lives in memory of a kind of its own.
  virtual void dispose() noexcept { delete this; }

  struct Disposer {
    void operator()(Retirable* object) const noexcept { object->dispose(); }
  };
};

}  // namespace appd::reactor
