#include "singleop/compile_options.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

namespace cairn {
namespace {

struct AllowedValues {
  aclCompileOpt option;
  std::string_view values;  ///< Separated by '|'.
};
constexpr std::array kAllowed = std::to_array<AllowedValues>({
    {ACL_PRECISION_MODE,
     "force_fp32|force_fp16|allow_fp32_to_fp16|must_keep_origin_dtype|allow_mix_precision|"
     "allow_mix_precision_fp16|allow_mix_precision_bf16|cube_fp16in_fp32out"},
    {ACL_PRECISION_MODE_V2,
     "fp16|origin|cube_fp16in_fp32out|mixed_float16|mixed_bfloat16|mixed_hif8|cube_hif8"},
    {ACL_OP_SELECT_IMPL_MODE,
     "high_performance|high_precision|high_performance_for_all|high_precision_for_all"},
    {ACL_OP_DEBUG_LEVEL, "0|1|2|3|4"},
    {ACL_OP_COMPILER_CACHE_MODE, "disable|enable|force"},
    {ACL_OP_JIT_COMPILE, "enable|disable"},
    {ACL_OP_DETERMINISTIC, "0|1"},
});

bool is_listed(std::string_view value, std::string_view list) {
  while (!list.empty()) {
    const size_t end = std::min(list.find('|'), list.size());
    if (list.substr(0, end) == value) return true;
    list.remove_prefix(std::min(end + 1, list.size()));
  }
  return false;
}

Status check_option(aclCompileOpt option, size_t count) {
  if (option >= 0 && static_cast<size_t>(option) < count) return {};
  return error(ACL_ERROR_INVALID_PARAM, "COM-052", "opt = {} is no aclCompileOpt", static_cast<int>(option));
}

}  // namespace

OperatorCompileOptions& OperatorCompileOptions::get() {
  static auto* options = new OperatorCompileOptions;
  return *options;
}

Status OperatorCompileOptions::set(aclCompileOpt option, const char* value) {
  CAIRN_RETURN_IF_ERROR(check_option(option, kOptions));
  if (value == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, "COM-052", "value is null; pass the text of the option's value");
  const auto allowed = std::ranges::find(kAllowed, option, &AllowedValues::option);
  if (allowed != kAllowed.end() && !is_listed(value, allowed->values))
    return error(ACL_ERROR_INVALID_PARAM, "COM-052", "value = '{}' of option {}; allowed are {}", value,
                 static_cast<int>(option), allowed->values);
  const std::lock_guard lock(mutex_);
  values_[static_cast<size_t>(option)] = value;
  return {};
}

size_t OperatorCompileOptions::size(aclCompileOpt option) const {
  if (!check_option(option, kOptions).is_ok()) return 0;
  const std::lock_guard lock(mutex_);
  return values_[static_cast<size_t>(option)].size() + 1;
}

Status OperatorCompileOptions::copy(aclCompileOpt option, std::span<char> to) const {
  CAIRN_RETURN_IF_ERROR(check_option(option, kOptions));
  const std::lock_guard lock(mutex_);
  const std::string& value = values_[static_cast<size_t>(option)];
  if (to.data() == nullptr || to.size() < value.size() + 1)
    return error(ACL_ERROR_INVALID_PARAM, "COM-052",
                 "value has room for {} bytes, {} are needed; ask aclGetCompileoptSize",
                 to.data() == nullptr ? 0 : to.size(), value.size() + 1);
  std::memcpy(to.data(), value.c_str(), value.size() + 1);
  return {};
}

}  // namespace cairn
