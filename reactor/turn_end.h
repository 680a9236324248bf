// Moments of a loop's turn: its end (EventLoop::turn_end()), and when the timers had theirs
// (EventLoop::after_timers()).
#pragma once

namespace appd::reactor {

// Who has something to do once all that a turn brings has been heard, such as to send the answers
// that came in it together. Destroyed while it waits, it is not called.
class TurnEndSink {
 public:
  TurnEndSink() = default;
  TurnEndSink(const TurnEndSink&) = delete;
  TurnEndSink& operator=(const TurnEndSink&) = delete;

 protected:
  ~TurnEndSink() { unlink(); }

 private:
  friend class TurnEndList;
  virtual void on_turn_end() noexcept = 0;
  void link_before(TurnEndSink& other) {
    previous_ = other.previous_;
    next_ = &other;
    previous_->next_ = next_->previous_ = this;
  }
  void unlink() {
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = next_ = this;
  }

  // A ring; of one that does not wait: itself.
  TurnEndSink* previous_ = this;
  TurnEndSink* next_ = this;
};

// Those that wait for the end of a turn, in the order of add().
class TurnEndList {
 public:
  // Calls `sink` at the end of this turn (or of the next, outside of a turn, which then does not
  // wait). Several calls before that are one.
  void add(TurnEndSink& sink);
  [[nodiscard]] bool empty() const { return waiting_.next_ == &waiting_; }
  // Calls each; who is added meanwhile is called the next time.
  void call_all();

 private:
  struct Ring final : TurnEndSink {
    void on_turn_end() noexcept override {}
  };
  Ring waiting_;
  Ring called_;
};

}  // namespace appd::reactor
