// Rooms in which people talk: `say ROOM TEXT`, and `listen ROOM SINCE`, which waits for what was
// not heard yet (a long poll). Callers of any loop hear each other; whoever leaves is forgotten at
// once.
#pragma once

#include <appd/app.h>

#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <string>

struct Heard {
  std::int64_t next = 0;  // what to listen from
  std::vector<std::string> messages;
};
APPD_FIELDS(Heard, next, messages);

class Chat {
 public:
  void add_to(appd::App& app) {
    app.on("say", [this](std::string room, std::string text) { return say(room, std::move(text)); },
           {.summary = "its number in the room", .parameters = {"room", "text"}});
    app.on("listen",
           [this](std::string room, std::optional<std::int64_t> since, appd::CallContext call) {
             return listen(room, since.value_or(0), std::move(call));
           },
           {.summary = "messages from that number on; waits where there are none",
            .parameters = {"room", "since"},
            .time_limit = std::chrono::seconds(25)});
  }

 private:
  static constexpr std::size_t kKept = 1000;  // messages of a room

  struct Room {
    std::int64_t next = 0;  // of the messages
    std::deque<std::string> latest;
    appd::Event said;
  };

  std::int64_t say(const std::string& name, std::string text) {
    const std::lock_guard lock(mutex_);
    Room& room = rooms_[name];
    room.latest.push_back(std::move(text));
    if (room.latest.size() > kKept) room.latest.pop_front();
    room.said.notify_all();
    return room.next++;
  }

  appd::Task<Heard> listen(std::string name, std::int64_t since, appd::CallContext call) {
    Room& room = room_of(name);
    auto said = call.listen(room.said);
    Heard heard = heard_since(room, since);
    if (!heard.messages.empty()) co_return heard;
    co_await said;
    co_return heard_since(room, since);
  }

  Room& room_of(const std::string& name) {
    const std::lock_guard lock(mutex_);
    return rooms_[name];
  }
  Heard heard_since(const Room& room, std::int64_t since) {
    const std::lock_guard lock(mutex_);
    const auto kept = static_cast<std::int64_t>(room.latest.size());
    const std::int64_t wanted = std::clamp<std::int64_t>(room.next - since, 0, kept);
    return {room.next, {room.latest.end() - wanted, room.latest.end()}};
  }

  std::mutex mutex_;
  std::map<std::string, Room> rooms_;  // rooms stay
};
