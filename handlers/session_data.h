// What a program keeps for a connection: one object of each type that it declared
// (App::session_data()), made when somebody first asks for it, destroyed with the connection.
//
// The thread of the connection's loop only; since that is one, no lock is needed.
#pragma once

#include <memory>
#include <typeindex>
#include <vector>

namespace appd::handlers {

class SessionData {
 public:
  // Stays where it is as long as the connection. T is made by T(), once. Throws what that throws.
  template <class T>
  [[nodiscard]] T& get() {
    const std::type_index type = typeid(T);
    for (const Entry& entry : entries_) {
      if (entry.type == type) return *static_cast<T*>(entry.object.get());
    }
    auto made = std::make_shared<T>();
    entries_.push_back({type, made});
    return *made;
  }

 private:
  struct Entry {
    std::type_index type;
    std::shared_ptr<void> object;
  };

  std::vector<Entry> entries_;
};

}  // namespace appd::handlers
