#include "base/environment.h"

#include <cerrno>
#include <cstdlib>

#include "base/environment_table.h"

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

int64_t environment_int(const char* name, int64_t otherwise) {
  const EnvironmentVariable* variable = find_environment_variable(name);
  return variable ? environment_int(name, otherwise, variable->least, variable->most) : otherwise;
}

std::string environment_string(const char* name) {
  const char* text = std::getenv(name);
  return text ? text : "";
}

}  // namespace cairn
