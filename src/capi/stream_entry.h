// What entry points that take a stream, an event or a time share.
#pragma once

#include <chrono>
#include <optional>

#include "capi/entry.h"
#include "device/runtime.h"

namespace cairn {

/// Milliseconds of the C API, negative = for ever.
inline std::optional<std::chrono::milliseconds> as_timeout(int32_t timeout) {
  if (timeout < 0) return std::nullopt;
  return std::chrono::milliseconds(timeout);
}

inline Status check_timeout(int32_t timeout, std::string_view rule) {
  if (timeout == -1 || timeout > 0) return {};
  return error(ACL_ERROR_RT_PARAM_INVALID, rule,
               "timeout = {} ms; allowed are -1 (for ever) and values above 0", timeout);
}

/// Looks the stream up and runs `use` with it.
template <class Use>
aclError with_stream(const char* function, aclrtStream stream, Use use) {
  return api(function, [&]() -> Status {
    CAIRN_ASSIGN(const Ref<Stream> found, Runtime::get().stream(stream));
    return use(found);
  });
}

/// Looks event and stream up, checks that they belong together, and runs `use` with them.
template <class Use>
aclError with_event_and_stream(const char* function, aclrtEvent event, aclrtStream stream, Use use) {
  return api(function, [&]() -> Status {
    CAIRN_ASSIGN(const Ref<Stream> found_stream, Runtime::get().stream(stream));
    CAIRN_ASSIGN(const Ref<Event> found_event, Runtime::get().event(event));
    CAIRN_RETURN_IF_ERROR(Runtime::check_same_context(*found_event, *found_stream));
    return use(found_event, found_stream);
  });
}

template <class Use>
aclError with_event(const char* function, aclrtEvent event, Use use) {
  return api(function, [&]() -> Status {
    CAIRN_ASSIGN(const Ref<Event> found, Runtime::get().event(event));
    return use(*found);
  });
}

}  // namespace cairn
