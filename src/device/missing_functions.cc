#include "device/missing_functions.h"

#include <algorithm>
#include <iterator>

#include "acl/acl_base.h"
#include "device/runtime.h"

namespace cairn {
namespace {

constexpr int kRefused = ACL_ERROR_RT_FEATURE_NOT_SUPPORT;

// "Atlas 200/500 A2" in the manual. It names no other product at any function.
constexpr MissingFunction kMissingOn310b[] = {
    {"aclrtSetDeviceSatMode", "RT-006", kRefused, "half floats overflow to infinity there"},
    {"aclrtGetDeviceSatMode", "RT-006", kRefused, "half floats overflow to infinity there"},
    {"aclrtSetStreamOverflowSwitch", "RT-061", kRefused, "look for infinities in the outputs"},
    {"aclrtGetStreamOverflowSwitch", "RT-061", kRefused, "look for infinities in the outputs"},
    {"aclrtMemcpy2d", "RT-184", kRefused, "copy line by line"},
    {"aclrtMemcpy2dAsync", "RT-184", kRefused, "copy line by line"},
    {"aclrtGetGroupInfoDetail", "APP-082", kRefused, "do without the numbers of cores"},
    {"aclTransTensorDescFormat", "COM-054", ACL_ERROR_FEATURE_UNSUPPORTED, "convert the data on the host"},
    {"acldvppVpcPyrDownAsync", "VPC1-078", kRefused, "resize the picture several times"},
    {"hi_mpi_vpc_pyrdown", "", kRefused, "resize the picture several times"},
    {"hi_mpi_vpc_crop_resize_resize_paste", "", kRefused, "crop, resize and paste one after the other"},
    {"hi_mpi_vdec_set_chn_attr", "", kRefused, "destroy the channel and create another one"},
};
// Chapter 10.13, feature vectors, as a whole.
constexpr MissingFunction kFeatureVectors{"", "FV-002", kRefused, "search on the host"};

}  // namespace

const MissingFunction* find_missing_function(const SocProfile& soc, std::string_view function) {
  if (soc.lenient || soc.family != SocFamily::k310B) return nullptr;
  if (function.starts_with("aclfv")) return &kFeatureVectors;
  const auto* const found =
      std::find_if(std::begin(kMissingOn310b), std::end(kMissingOn310b),
                   [&](const MissingFunction& missing) { return missing.function == function; });
  return found == std::end(kMissingOn310b) ? nullptr : found;
}

Status check_soc_has(std::string_view function) {
  const SocProfile& soc = Runtime::get().soc();
  const MissingFunction* const missing = find_missing_function(soc, function);
  if (missing == nullptr) return {};
  return error(missing->code, missing->rule, "{} does not have {}; {}", soc.name, function, missing->instead);
}

}  // namespace cairn
