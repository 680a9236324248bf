// A request that outlives its call: everything that a Request borrows, copied.
// Its peer is looked up for that, so that it is known also when the connection is gone.
#pragma once

#include <memory>

#include "appd/handlers/handler.h"
#include "appd/reactor/memory/buffer.h"

namespace appd::handlers {

// Move-only; views into it stay valid when it is moved. The action's name is copied as well.
class OwnedRequest {
 public:
  explicit OwnedRequest(const Request& request);
  // `memory` is kept instead of a copy of the payload, which lies in it.
  OwnedRequest(const Request& request, reactor::Buffer memory);
  OwnedRequest(OwnedRequest&& other) noexcept;
  OwnedRequest& operator=(OwnedRequest&& other) noexcept;
  ~OwnedRequest();

  // Valid as long as this object (or the one it was moved to).
  [[nodiscard]] const Request& view() const;
  [[nodiscard]] const Request* operator->() const { return &view(); }
  [[nodiscard]] const Request& operator*() const { return view(); }

 private:
  struct Copy;
  std::unique_ptr<Copy> copy_;
};

}  // namespace appd::handlers
