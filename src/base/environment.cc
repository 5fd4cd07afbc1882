#include "base/environment.h"

#include <cerrno>
#include <cstdlib>

namespace cairn {

int64_t environment_int(const char* name, int64_t otherwise, int64_t least, int64_t most) {
  const char* text = std::getenv(name);
  if (text == nullptr || *text == '\0') return otherwise;
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  if (errno != 0 || *end != '\0' || value < least || value > most) return otherwise;
  return value;
}

std::string environment_string(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}

}  // namespace cairn
