#include "appd/handlers/actions/builtin.h"

namespace appd::handlers {

// The generated list names each action once: APPD_BUILTIN_ACTION(search) and so on.
#define APPD_BUILTIN_ACTION(name) Action make_##name(const BuiltinOptions& options);
#include "builtin_actions.inc"
#undef APPD_BUILTIN_ACTION

void add_builtin_actions(Registry& registry, const BuiltinOptions& options) {
#define APPD_BUILTIN_ACTION(name) registry.add(make_##name(options));
#include "builtin_actions.inc"
#undef APPD_BUILTIN_ACTION
}

}  // namespace appd::handlers
