// What every entry point of the C API runs its body in.
#pragma once

#include <exception>
#include <new>
#include <system_error>
#include <type_traits>

#include "acl/acl_base.h"
#include "base/observer.h"
#include "base/recent_error.h"
#include "base/status.h"

namespace cairn {

/// Runs `body` (returns Status). Records the error text for aclGetRecentErrMsg; exceptions end here.
template <class Body>
aclError api(const char* function, Body&& body) noexcept {
  if (observer() != nullptr) [[unlikely]]
    tell_call_begins(function);
  Status status;
  try {
    status = body();
    if (status.is_ok()) [[likely]] {
      if (observer() != nullptr) [[unlikely]]
        tell_call_ended(function, status);
      return ACL_SUCCESS;
    }
  } catch (const std::bad_alloc&) {
    status = error(ACL_ERROR_BAD_ALLOC, "RT-193", "the host has no memory left");
  } catch (const std::system_error& problem) {  // A thread that cannot be started, for one.
    status =
        error(ACL_ERROR_RT_RESOURCE_ALLOC_FAIL, "RT-193", "the host refuses a resource: {}", problem.what());
  } catch (const std::exception& problem) {
    status = error(ACL_ERROR_INTERNAL_ERROR, "RT-189", "{}", problem.what());
  }
  record_error(function, status);
  if (observer() != nullptr) [[unlikely]]
    tell_call_ended(function, status);
  return status.code();
}

/// For entry points that return a value: runs `body` (returns Result<T>), gives `otherwise` on error.
template <class T, class Body>
T api_value(const char* function, T otherwise, Body&& body) noexcept {
  T value = otherwise;
  api(function, [&]() -> Status {
    auto result = body();
    if (!result.is_ok()) return result.status();
    value = static_cast<T>(*result);
    return {};
  });
  return value;
}

/// The error for a null output or input pointer.
inline Status null_argument(std::string_view rule, const char* argument, int code = ACL_ERROR_INVALID_PARAM) {
  return error(code, rule, "{} is null; pass the address of a variable", argument);
}

}  // namespace cairn
