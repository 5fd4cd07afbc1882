// Any text as the configuration file of aclInit and aclmdlSetDump; what is accepted is asked for its steps.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "device/configuration.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto configuration = cairn::read_configuration(text, "acl.json");
  if (!configuration.is_ok()) {
    if (configuration.code() == 0 || configuration.status().text().empty()) std::abort();
    return 0;
  }
  if (!configuration->dump) return 0;
  const cairn::DumpConfig& dump = *configuration->dump;
  if (!dump.path.is_absolute()) std::abort();
  if (dump.overflow && !dump.models.empty()) std::abort();  // [SYS-016]
  for (const cairn::DumpConfig::Steps& steps : dump.steps)
    if (!dump.has_step(steps.first) || !dump.has_step(steps.last)) std::abort();
  return 0;
}
