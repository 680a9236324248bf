#include "appd/handlers/waiting/coroutine_handler.h"

namespace appd::handlers {

bool is_coroutine(const WaitingHandler& handler) {
  return handler.target<CoroutineStarter>() != nullptr;
}

}  // namespace appd::handlers
