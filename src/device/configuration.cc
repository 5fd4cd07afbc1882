#include "device/configuration.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "acl/acl_base.h"
#include "base/log.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

constexpr size_t kMostBytes = size_t{10} << 20;
constexpr int kMostNesting = 10;  // Of "{" and of "[" each [SYS-002].

/// Relative paths start at the working directory, then at the directory of the executable [GDE-058].
fs::path locate(const fs::path& path) {
  std::error_code failure;
  if (path.is_absolute() || fs::exists(path, failure)) return path;
  fs::path beside = fs::read_symlink("/proc/self/exe", failure).parent_path() / path;
  return fs::exists(beside, failure) ? beside : path;
}

Result<std::string> read_file(const fs::path& path) {
  std::error_code failure;
  if (!fs::is_regular_file(path, failure))
    return error(ACL_ERROR_INVALID_FILE, "SYS-032", "the configuration file {} does not exist or is no file",
                 path.string());
  const auto size = fs::file_size(path, failure);
  if (failure || size > kMostBytes)
    return error(ACL_ERROR_INVALID_FILE, "SYS-032", "the configuration file {} is larger than {} bytes",
                 path.string(), kMostBytes);
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  if (!file)
    return error(ACL_ERROR_INVALID_FILE, "SYS-032", "the configuration file {} cannot be read",
                 path.string());
  return text.str();
}

Status check_nesting(const std::string& text) {
  int braces = 0;
  int brackets = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    braces += c == '{' ? 1 : c == '}' ? -1 : 0;
    brackets += c == '[' ? 1 : c == ']' ? -1 : 0;
    if (braces > kMostNesting || brackets > kMostNesting)
      return error(ACL_ERROR_PARSE_FILE, "SYS-002", "the configuration file nests \"{}\" deeper than {}",
                   braces > kMostNesting ? "{" : "[", kMostNesting);
  }
  return {};
}

Status read_max_opqueue_num(const Json& config, uint64_t& number) {
  const auto entry = config.find("max_opqueue_num");
  if (entry == config.end()) return {};
  const bool is_text = entry->is_string();
  const std::string text = is_text ? entry->get<std::string>() : entry->dump();
  const bool digits =
      !text.empty() && text.size() < 19 && text.find_first_not_of("0123456789") == std::string::npos;
  if (!digits || std::stoll(text) == 0)
    return error(
        ACL_ERROR_INVALID_MAX_OPQUEUE_NUM_CONFIG, "SYS-020",
        "max_opqueue_num = {} is no positive whole number; write for example \"max_opqueue_num\": \"20000\"",
        text);
  number = std::stoull(text);
  return {};
}

}  // namespace

Result<Configuration> read_configuration(const std::string& text, const char* path) {
  CAIRN_RETURN_IF_ERROR(check_nesting(text));
  const Json config = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (config.is_discarded() || !config.is_object())
    return error(ACL_ERROR_PARSE_FILE, "SYS-001",
                 "the configuration file {} is no JSON object; the smallest valid one is {{}}", path);
  Configuration configuration;
  CAIRN_RETURN_IF_ERROR(read_max_opqueue_num(config, configuration.max_opqueue_num));
  CAIRN_ASSIGN(configuration.dump, read_dump_config(config));
  if (config.contains("profiler"))
    log(LogLevel::kWarning, "ASCENDCL", "\"profiler\" in {} has no effect yet", path);
  return configuration;
}

Result<Configuration> read_configuration_file(const char* path) {
  if (path == nullptr || *path == '\0') return Configuration();
  CAIRN_ASSIGN(const std::string text, read_file(locate(path)));
  return read_configuration(text, path);
}

}  // namespace cairn
