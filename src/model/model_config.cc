#include "model/model_config.h"

#include <algorithm>
#include <climits>
#include <cstring>

#include "base/log.h"
#include "device/guarded_copy.h"
#include "model/model_load.h"

namespace cairn {
namespace {

/// What attrValue points to.
enum class Type : uint8_t { kInt32, kSize, kSwitch, kPointer, kPath };

struct Attribute {
  const char* name;
  Type type;
};
// In the order of aclmdlConfigAttr.
constexpr auto kAttributeTable = std::to_array<Attribute>({
    {"ACL_MDL_PRIORITY_INT32", Type::kInt32},
    {"ACL_MDL_LOAD_TYPE_SIZET", Type::kSize},
    {"ACL_MDL_PATH_PTR", Type::kPath},
    {"ACL_MDL_MEM_ADDR_PTR", Type::kPointer},
    {"ACL_MDL_MEM_SIZET", Type::kSize},
    {"ACL_MDL_WEIGHT_ADDR_PTR", Type::kPointer},
    {"ACL_MDL_WEIGHT_SIZET", Type::kSize},
    {"ACL_MDL_WORKSPACE_ADDR_PTR", Type::kPointer},
    {"ACL_MDL_WORKSPACE_SIZET", Type::kSize},
    {"ACL_MDL_INPUTQ_NUM_SIZET", Type::kSize},
    {"ACL_MDL_INPUTQ_ADDR_PTR", Type::kPointer},
    {"ACL_MDL_OUTPUTQ_NUM_SIZET", Type::kSize},
    {"ACL_MDL_OUTPUTQ_ADDR_PTR", Type::kPointer},
    {"ACL_MDL_WORKSPACE_MEM_OPTIMIZE", Type::kSwitch},
});
static_assert(kAttributeTable.size() == ACL_MDL_WORKSPACE_MEM_OPTIMIZE + 1);

constexpr int32_t kLowestPriority = 7;

bool loads_from_file(uint64_t load_type) {
  return load_type == ACL_MDL_LOAD_FROM_FILE || load_type == ACL_MDL_LOAD_FROM_FILE_WITH_MEM ||
         load_type == ACL_MDL_LOAD_FROM_FILE_WITH_Q;
}

bool takes_user_memory(uint64_t load_type) {
  return load_type == ACL_MDL_LOAD_FROM_FILE_WITH_MEM || load_type == ACL_MDL_LOAD_FROM_MEM_WITH_MEM;
}

bool uses_queues(uint64_t load_type) {
  return load_type == ACL_MDL_LOAD_FROM_FILE_WITH_Q || load_type == ACL_MDL_LOAD_FROM_MEM_WITH_Q;
}

Status wrong_size(const Attribute& attribute, size_t given, size_t wanted) {
  return error(ACL_ERROR_INVALID_PARAM, "MDL-053",
               "the value of {} has {} bytes (in Python: is a string), it takes {} bytes (in Python: an int)",
               attribute.name, given, wanted);
}

/// A number of `size` bytes, zero-extended; priorities keep their sign.
Result<uint64_t> read_number(const Attribute& attribute, const void* value, size_t size) {
  const bool is_switch = attribute.type == Type::kSwitch;
  const size_t wanted = attribute.type == Type::kInt32 ? sizeof(int32_t) : sizeof(uint64_t);
  if (size != wanted && !(is_switch && size == sizeof(int32_t))) return wrong_size(attribute, size, wanted);
  uint64_t number = 0;
  if (!guarded_copy(&number, value, size))
    return error(ACL_ERROR_INVALID_PARAM, "MDL-051", "the value of {} at {} cannot be read", attribute.name,
                 value);
  return number;
}

/// A text of the program's memory, whatever the address.
Result<std::string> read_path(const char* text) {
  if (text == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, "MDL-051",
                 "the path is null; pass the address of a char pointer (in Python: a string)");
  std::string path;
  // Piece by piece up to page borders: the text may end right in front of memory that cannot be read.
  constexpr size_t kPiece = 256;
  std::array<char, kPiece> piece{};
  while (path.size() < PATH_MAX) {
    const size_t count = kPiece - (reinterpret_cast<uintptr_t>(text) + path.size()) % kPiece;
    if (!guarded_copy(piece.data(), text + path.size(), count))
      return error(ACL_ERROR_INVALID_PARAM, "MDL-051",
                   "no text can be read at {}; ACL_MDL_PATH_PTR takes the address of a char pointer",
                   static_cast<const void*>(text));
    const auto end = std::find(piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(count), '\0');
    path.append(piece.begin(), end);
    if (end != piece.begin() + static_cast<std::ptrdiff_t>(count)) return path;
  }
  return error(ACL_ERROR_INVALID_PARAM, "MDL-003", "the path has more than {} characters", PATH_MAX);
}

Status check_range(aclmdlConfigAttr attribute, uint64_t number) {
  switch (attribute) {
    case ACL_MDL_PRIORITY_INT32: {
      const auto priority = static_cast<int32_t>(static_cast<uint32_t>(number));
      if (priority >= 0 && priority <= kLowestPriority) return {};
      return error(ACL_ERROR_INVALID_PARAM, "MDL-051",
                   "priority {} is out of range; 0 (first) to {} (last) are allowed", priority,
                   kLowestPriority);
    }
    case ACL_MDL_LOAD_TYPE_SIZET:
      if (number >= ACL_MDL_LOAD_FROM_FILE && number <= ACL_MDL_LOAD_FROM_MEM_WITH_Q) return {};
      return error(ACL_ERROR_INVALID_PARAM, "MDL-051",
                   "load type {} is unknown; 1 to 4 load from a file, a file with own memory, memory, memory "
                   "with own memory",
                   number);
    case ACL_MDL_WORKSPACE_MEM_OPTIMIZE:
      if (number <= 1) return {};
      return error(ACL_ERROR_INVALID_PARAM, "MDL-051",
                   "ACL_MDL_WORKSPACE_MEM_OPTIMIZE is {}; 0 and 1 are allowed", number);
    default:
      return {};
  }
}

}  // namespace

Status ModelConfig::set(aclmdlConfigAttr attribute, const void* value, size_t size) {
  const auto index = static_cast<size_t>(attribute);
  if (attribute < 0 || index >= kAttributes) {
    if (attribute > ACL_MDL_WORKSPACE_MEM_OPTIMIZE && attribute <= ACL_MDL_FIFO_SIZET)
      return error(ACL_ERROR_FEATURE_UNSUPPORTED, "MDL-052",
                   "attribute {} describes a model in parts, which is not supported; 0 to {} are", index,
                   kAttributes - 1);
    return error(ACL_ERROR_INVALID_PARAM, "MDL-052", "attribute {} is unknown; 0 to {} are allowed",
                 static_cast<int64_t>(attribute), kAttributes - 1);
  }
  const Attribute& known = kAttributeTable[index];
  if (value == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, "MDL-051", "the value of {} is null; pass its address", known.name);
  CAIRN_ASSIGN(uint64_t number, read_number(known, value, size));
  std::string path;
  if (known.type == Type::kPath) {
    CAIRN_ASSIGN(path, read_path(reinterpret_cast<const char*>(number)));
    number = path.size();
  }
  CAIRN_RETURN_IF_ERROR(check_range(attribute, number));
  const std::lock_guard lock(mutex_);
  values_.numbers[index] = number;
  if (known.type == Type::kPath) values_.path = std::move(path);
  return {};
}

Result<uint32_t> ModelConfig::load() const {
  Values values;
  {
    const std::lock_guard lock(mutex_);
    values = values_;
  }
  const auto number = [&](aclmdlConfigAttr attribute) { return values.numbers[attribute].value_or(0); };
  const auto pointer = [&](aclmdlConfigAttr attribute) {
    return reinterpret_cast<void*>(static_cast<uintptr_t>(number(attribute)));
  };
  const auto need = [&](std::initializer_list<aclmdlConfigAttr> attributes) -> Status {
    for (const aclmdlConfigAttr attribute : attributes)
      if (!values.numbers[attribute])
        return error(ACL_ERROR_INVALID_PARAM, "MDL-051",
                     "{} is not set, which load type {} needs; set it with acl.mdl.set_config_opt",
                     kAttributeTable[attribute].name, number(ACL_MDL_LOAD_TYPE_SIZET));
    return {};
  };
  const auto need_both = [&](aclmdlConfigAttr one, aclmdlConfigAttr other) -> Status {
    if (values.numbers[one].has_value() == values.numbers[other].has_value()) return {};
    return need({one, other});
  };

  CAIRN_RETURN_IF_ERROR(need({ACL_MDL_LOAD_TYPE_SIZET}));
  const uint64_t type = number(ACL_MDL_LOAD_TYPE_SIZET);
  const bool from_file = loads_from_file(type);
  CAIRN_RETURN_IF_ERROR(from_file ? need({ACL_MDL_PATH_PTR})
                                  : need({ACL_MDL_MEM_ADDR_PTR, ACL_MDL_MEM_SIZET}));
  if (uses_queues(type)) {
    CAIRN_RETURN_IF_ERROR(need({ACL_MDL_INPUTQ_NUM_SIZET, ACL_MDL_INPUTQ_ADDR_PTR, ACL_MDL_OUTPUTQ_NUM_SIZET,
                                ACL_MDL_OUTPUTQ_ADDR_PTR}));
    return error(
        ACL_ERROR_FEATURE_UNSUPPORTED, "MDL-051",
        "load type {} feeds the model from queues, which is not supported; load it with type 1 to 4 and "
        "use acl.mdl.execute_async",
        type);
  }
  ModelLoadOptions options;
  options.priority = static_cast<int>(number(ACL_MDL_PRIORITY_INT32));
  options.work_without_io = number(ACL_MDL_WORKSPACE_MEM_OPTIMIZE) != 0;
  const bool names_memory = values.numbers[ACL_MDL_WEIGHT_ADDR_PTR] || values.numbers[ACL_MDL_WEIGHT_SIZET] ||
                            values.numbers[ACL_MDL_WORKSPACE_ADDR_PTR] ||
                            values.numbers[ACL_MDL_WORKSPACE_SIZET];
  if (takes_user_memory(type)) {
    CAIRN_RETURN_IF_ERROR(need_both(ACL_MDL_WEIGHT_ADDR_PTR, ACL_MDL_WEIGHT_SIZET));
    CAIRN_RETURN_IF_ERROR(need_both(ACL_MDL_WORKSPACE_ADDR_PTR, ACL_MDL_WORKSPACE_SIZET));
    options.memory = UserModelMemory{pointer(ACL_MDL_WORKSPACE_ADDR_PTR), number(ACL_MDL_WORKSPACE_SIZET),
                                     pointer(ACL_MDL_WEIGHT_ADDR_PTR), number(ACL_MDL_WEIGHT_SIZET)};
  } else if (names_memory) {
    log(LogLevel::kWarning, "ASCENDCL",
        "load type {} lets the system manage the memory; the work and weight memory of the configuration are "
        "not used, load types 2 and 4 use them",
        type);
  }
  CAIRN_ASSIGN(SharedBytes file,
               from_file ? open_model_file(values.path.c_str())
                         : copy_model_memory(pointer(ACL_MDL_MEM_ADDR_PTR), number(ACL_MDL_MEM_SIZET)));
  return load_model(std::move(file), options);
}

}  // namespace cairn
