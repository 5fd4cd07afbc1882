#include "media/v1/channel_desc.h"

#include <array>
#include <cstring>
#include <map>
#include <set>

#include "device/runtime.h"

namespace cairn {
namespace {

constexpr uint32_t kAllModes = DVPP_CHNMODE_VPC | DVPP_CHNMODE_JPEGD | DVPP_CHNMODE_JPEGE | DVPP_CHNMODE_PNGD;
constexpr std::array kModes = {DVPP_CHNMODE_VPC, DVPP_CHNMODE_JPEGD, DVPP_CHNMODE_JPEGE, DVPP_CHNMODE_PNGD};
constexpr uint32_t kLargestSide = 16384;

/// Channels of one function per device; 0 = the manual names no limit [M1-010].
constexpr uint32_t most_channels(SocFamily family) {
  return family == SocFamily::k310B ? 128 : 0;
}

const char* mode_name(uint32_t mode) {
  switch (mode) {
    case DVPP_CHNMODE_VPC:
      return "VPC";
    case DVPP_CHNMODE_JPEGD:
      return "JPEGD";
    case DVPP_CHNMODE_JPEGE:
      return "JPEGE";
    default:
      return "PNGD";
  }
}

/// The channels that are open.
class OpenChannels {
 public:
  static OpenChannels& get() {
    static auto* channels = new OpenChannels;
    return *channels;
  }

  /// The smallest free id.
  Result<uint64_t> open(int32_t device_id, uint32_t modes, uint32_t most) {
    const std::lock_guard lock(mutex_);
    for (const uint32_t mode : kModes)
      if ((modes & mode) != 0 && most != 0 && counts_[{device_id, mode}] >= most)
        return error(ACL_ERROR_RT_RESOURCE_ALLOC_FAIL, "M1-010",
                     "device {} has {} {} channels, the most it can; destroy one first", device_id, most,
                     mode_name(mode));
    for (const uint32_t mode : kModes)
      if ((modes & mode) != 0) ++counts_[{device_id, mode}];
    uint64_t id = 1;
    while (!ids_.insert(id).second)
      ++id;
    return id;
  }

  void close(int32_t device_id, uint32_t modes, uint64_t id) {
    const std::lock_guard lock(mutex_);
    for (const uint32_t mode : kModes)
      if ((modes & mode) != 0) --counts_[{device_id, mode}];
    ids_.erase(id);
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<int32_t, uint32_t>, uint32_t> counts_;
  std::set<uint64_t> ids_;
};

uint32_t served_modes(uint32_t mode) {
  return mode == 0 ? kAllModes : mode;
}

/// Size in bytes of a parameter, 0 for one that does not exist.
size_t param_size(int type) {
  if (type == ACL_DVPP_CHANNEL_ID_UINT64) return sizeof(uint64_t);
  return type >= ACL_DVPP_CSC_MATRIX_UINT32 && type <= ACL_DVPP_JPEGD_PRECISION_MODE_ENUM ? sizeof(uint32_t)
                                                                                          : 0;
}

Status check_param(std::string_view rule, int type, size_t length, const void* value) {
  const size_t size = param_size(type);
  if (size == 0)
    return error(ACL_ERROR_INVALID_PARAM, "APP-102", "paramType {} does not exist; give 0 to {}", type,
                 static_cast<int>(ACL_DVPP_JPEGD_PRECISION_MODE_ENUM));
  if (value == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, rule, "param is null; pass the address of a variable");
  if (length < size)
    return error(ACL_ERROR_INVALID_PARAM, rule, "length {} is too small; parameter {} takes {} bytes", length,
                 type, size);
  return {};
}

Status check_below(std::string_view rule, const char* name, uint64_t value, uint64_t most) {
  if (value <= most) return {};
  return error(ACL_ERROR_INVALID_PARAM, rule, "{} {} is out of range; give 0 to {}", name, value, most);
}

Status check_mode(uint32_t mode) {
  if (mode != 0 && (mode & ~kAllModes) == 0) return {};
  return error(ACL_ERROR_INVALID_PARAM, "M1-048",
               "mode {} does not exist; give 1 (VPC), 2 (JPEGD), 4 (JPEGE), 8 (PNGD) or a sum of them", mode);
}

}  // namespace

Status ChannelDesc::set_mode(uint32_t mode) {
  CAIRN_RETURN_IF_ERROR(check_mode(mode));
  const std::lock_guard lock(mutex_);
  if (settings_.id != 0)
    return error(ACL_ERROR_INVALID_PARAM, "M1-049", "the mode has to be set before acldvppCreateChannel");
  settings_.mode = mode;
  return {};
}

Status ChannelDesc::set_param(int type, size_t length, const void* value) {
  CAIRN_RETURN_IF_ERROR(check_param("M1-050", type, length, value));
  uint32_t number = 0;
  std::memcpy(&number, value, sizeof(number));
  if (type == ACL_DVPP_MODE_UINT32) return set_mode(number);
  const std::lock_guard lock(mutex_);
  switch (type) {
    case ACL_DVPP_CSC_MATRIX_UINT32:
      CAIRN_RETURN_IF_ERROR(check_below("APP-055", "the matrix", number, ACL_DVPP_CSC_MATRIX_BT2020_NARROW));
      settings_.matrix = static_cast<acldvppCscMatrix>(number);
      break;
    case ACL_DVPP_CHANNEL_HEIGHT_UINT32:
      CAIRN_RETURN_IF_ERROR(check_below("APP-100", "the height", number, kLargestSide));
      settings_.height = number;
      break;
    case ACL_DVPP_CHANNEL_WIDTH_UINT32:
      CAIRN_RETURN_IF_ERROR(check_below("APP-100", "the width", number, kLargestSide));
      settings_.width = number;
      break;
    case ACL_DVPP_JPEGD_PRECISION_MODE_ENUM:
      CAIRN_RETURN_IF_ERROR(
          check_below("APP-097", "the precision mode", number, ACL_YUVOUT_ALIGN_DOWN_COMPAT));
      settings_.precision = static_cast<acldvppJpegdPrecisionMode>(number);
      break;
    default:
      return error(ACL_ERROR_INVALID_PARAM, "M1-047",
                   "the channel id is given out by acldvppCreateChannel; it cannot be set");
  }
  return {};
}

Status ChannelDesc::get_param(int type, size_t length, size_t* value_size, void* value) const {
  CAIRN_RETURN_IF_ERROR(check_param("M1-051", type, length, value));
  if (value_size == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, "M1-051", "paramRetSize is null; pass the address of a variable");
  const ChannelSettings now = settings();
  const std::array<uint64_t, 6> values = {now.matrix, now.mode, now.id, now.height, now.width, now.precision};
  *value_size = param_size(type);
  if (*value_size == sizeof(uint64_t)) {
    std::memcpy(value, &values[type], sizeof(uint64_t));
  } else {
    const auto number = static_cast<uint32_t>(values[type]);
    std::memcpy(value, &number, sizeof(number));
  }
  return {};
}

Status ChannelDesc::create_channel() {
  Runtime& runtime = Runtime::get();
  CAIRN_ASSIGN(Device* const device, runtime.current_device());
  const std::lock_guard lock(mutex_);
  if (settings_.id != 0)
    return error(ACL_ERROR_INVALID_PARAM, "M1-029",
                 "the description has channel {} already; destroy it first, or make another "
                 "description",
                 settings_.id);
  // The channel is created by a task on a stream of its own, which ends with the task [M1-032].
  CAIRN_ASSIGN(const Ref<Stream> stream, runtime.create_stream(0));
  CAIRN_RETURN_IF_ERROR(runtime.destroy_stream(stream.handle(), true));
  const uint32_t most = device->soc().lenient ? 0 : most_channels(device->soc().family);
  CAIRN_ASSIGN(settings_.id, OpenChannels::get().open(device->id(), served_modes(settings_.mode), most));
  device_id_ = device->id();
  return {};
}

Status ChannelDesc::destroy_channel() {
  const std::lock_guard lock(mutex_);
  if (settings_.id == 0)
    return error(ACL_ERROR_INVALID_PARAM, "M1-033",
                 "the description has no channel; acldvppCreateChannel makes one");
  OpenChannels::get().close(device_id_, served_modes(settings_.mode), settings_.id);
  settings_.id = 0;
  return {};
}

bool ChannelDesc::has_channel() const {
  return settings().id != 0;
}

ChannelSettings ChannelDesc::settings() const {
  const std::lock_guard lock(mutex_);
  return settings_;
}

Result<ChannelSettings> use_channel(const acldvppChannelDesc* handle, acldvppChannelMode function) {
  CAIRN_ASSIGN(const Ref<ChannelDesc> desc, find<ChannelDesc>(handle, "channelDesc", "VPC1-040"));
  ChannelSettings settings = desc->settings();
  if (settings.id == 0)
    return error(ACL_ERROR_INVALID_PARAM, "M1-009", "{} has no channel; call acldvppCreateChannel first",
                 describe_handle(handle));
  if ((served_modes(settings.mode) & function) == 0)
    return error(ACL_ERROR_INVALID_PARAM, "M1-048",
                 "channel {} has mode {}, which leaves out {} ({}); create one for it", settings.id,
                 settings.mode, mode_name(function), static_cast<int>(function));
  return settings;
}

}  // namespace cairn
