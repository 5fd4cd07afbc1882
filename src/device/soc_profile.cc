#include "device/soc_profile.h"

#include <fmt/format.h>

#include <array>

#include "base/environment.h"
#include "base/log.h"

namespace cairn {
namespace {

constexpr size_t kGiB = size_t{1} << 30;
constexpr size_t kMiB = size_t{1} << 20;

struct Cores {
  uint32_t ai;
  uint32_t vector;
  size_t l2_bytes;
};

// The manual gives figures for the 310B only (S1); the others get the same limits, which no known program
// reaches.
constexpr SocProfile make(std::string_view name, SocFamily family, aclrtRunMode mode, bool hbm, size_t memory,
                          Cores cores) {
  const bool is_310b = family == SocFamily::k310B;
  return {name,
          family,
          mode,
          hbm,
          memory,
          is_310b ? 512U : 2048U,
          1,
          is_310b ? 1023U : 65535U,
          65535,
          cores.ai,
          cores.vector,
          cores.l2_bytes,
          false};
}

// Cores and caches. Public: two AI cores of the 310 and 32 of the 910 (the vendor's announcements), and 24
// cube cores with 48 vector cores of an Atlas A2 chip (the vendor's page of atc's option --aicore_num, which
// does not say which chip). All other numbers are those that users report, and no L2 size is on a public page
// of the vendor: programs may size their work by them, but nothing in Cairn depends on them
// (docs/environment.md).
constexpr std::array kProfiles = {
    make("Ascend310", SocFamily::k310, ACL_HOST, false, 8 * kGiB, {2, 0, 8 * kMiB}),
    make("Ascend310P1", SocFamily::k310P, ACL_HOST, false, 24 * kGiB, {10, 8, 16 * kMiB}),
    make("Ascend310P3", SocFamily::k310P, ACL_HOST, false, 24 * kGiB, {8, 7, 16 * kMiB}),
    make("Ascend310B1", SocFamily::k310B, ACL_DEVICE, false, 16 * kGiB, {1, 1, 4 * kMiB}),
    make("Ascend310B2", SocFamily::k310B, ACL_DEVICE, false, 12 * kGiB, {1, 1, 4 * kMiB}),
    make("Ascend310B3", SocFamily::k310B, ACL_DEVICE, false, 12 * kGiB, {1, 1, 4 * kMiB}),
    make("Ascend310B4", SocFamily::k310B, ACL_DEVICE, false, 4 * kGiB, {1, 1, 4 * kMiB}),
    make("Ascend910", SocFamily::k910, ACL_HOST, true, 32 * kGiB, {32, 0, 32 * kMiB}),
    make("Ascend910A", SocFamily::k910, ACL_HOST, true, 32 * kGiB, {32, 0, 32 * kMiB}),
    make("Ascend910B", SocFamily::k910, ACL_HOST, true, 32 * kGiB, {32, 0, 32 * kMiB}),
    make("Ascend910ProA", SocFamily::k910, ACL_HOST, true, 32 * kGiB, {32, 0, 32 * kMiB}),
    make("Ascend910ProB", SocFamily::k910, ACL_HOST, true, 32 * kGiB, {30, 0, 32 * kMiB}),
    make("Ascend910PremiumA", SocFamily::k910, ACL_HOST, true, 32 * kGiB, {32, 0, 32 * kMiB}),
    make("Ascend910B1", SocFamily::k910B, ACL_HOST, true, 64 * kGiB, {24, 48, 192 * kMiB}),
    make("Ascend910B2", SocFamily::k910B, ACL_HOST, true, 64 * kGiB, {24, 48, 192 * kMiB}),
    make("Ascend910B3", SocFamily::k910B, ACL_HOST, true, 64 * kGiB, {20, 40, 192 * kMiB}),
    make("Ascend910B4", SocFamily::k910B, ACL_HOST, true, 32 * kGiB, {20, 40, 96 * kMiB}),
};

SocProfile lenient_profile() {
  SocProfile profile = *find_soc_profile("Ascend310P3");
  profile.lenient = true;
  return profile;
}

SocProfile profile_from_environment() {
  const std::string name = environment_string("CAIRN_SOC");
  if (name.empty()) return lenient_profile();
  if (const SocProfile* profile = find_soc_profile(name)) return *profile;
  log(LogLevel::kError, "ASCENDCL", "CAIRN_SOC={} is unknown and ignored; known are: {}", name,
      known_soc_names());
  return lenient_profile();
}

}  // namespace

const SocProfile* find_soc_profile(std::string_view name) {
  if (name == "Ascend710") name = "Ascend310P3";  // The older name of the chip.
  for (const SocProfile& profile : kProfiles)
    if (profile.name == name || profile.name.substr(6) == name) return &profile;
  return nullptr;
}

std::string known_soc_names() {
  std::string names;
  for (const SocProfile& profile : kProfiles)
    names += fmt::format("{}{}", names.empty() ? "" : ", ", profile.name);
  return names;
}

const SocProfile& current_soc() {
  static const SocProfile profile = profile_from_environment();
  return profile;
}

}  // namespace cairn
