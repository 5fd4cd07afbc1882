#include "model/execute_config.h"

#include <chrono>
#include <optional>

#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "model/model.h"

namespace cairn {
namespace {

template <class T>
Result<T> read_value(const char* name, const void* value, size_t size) {
  T found{};
  if (value == nullptr || size != sizeof(T))
    return error(ACL_ERROR_INVALID_PARAM, "MDL-051",
                 "the value of {} at {} has {} bytes, {} bytes are needed", name, value, size, sizeof(T));
  if (!guarded_copy(&found, value, size))
    return error(ACL_ERROR_INVALID_PARAM, "MDL-051", "the value of {} at {} cannot be read", name, value);
  return found;
}

Status check_timeout(const char* name, int32_t milliseconds) {
  if (milliseconds >= -1) return {};
  return error(ACL_ERROR_INVALID_PARAM, "MDL-051",
               "{} is {}; -1 (for ever) and milliseconds from 0 on are allowed", name, milliseconds);
}

}  // namespace

Status ExecuteConfig::set(aclmdlExecConfigAttr attribute, const void* value, size_t size) {
  switch (attribute) {
    case ACL_MDL_STREAM_SYNC_TIMEOUT: {
      CAIRN_ASSIGN(const int32_t timeout, read_value<int32_t>("ACL_MDL_STREAM_SYNC_TIMEOUT", value, size));
      CAIRN_RETURN_IF_ERROR(check_timeout("ACL_MDL_STREAM_SYNC_TIMEOUT", timeout));
      const std::lock_guard lock(mutex_);
      values_.stream_timeout_ms = timeout;
      return {};
    }
    case ACL_MDL_EVENT_SYNC_TIMEOUT: {  // An execution waits for no event: any time is kept.
      CAIRN_ASSIGN(const int32_t timeout, read_value<int32_t>("ACL_MDL_EVENT_SYNC_TIMEOUT", value, size));
      return check_timeout("ACL_MDL_EVENT_SYNC_TIMEOUT", timeout);
    }
    case ACL_MDL_WORK_ADDR_PTR: {
      CAIRN_ASSIGN(void* const work, read_value<void*>("ACL_MDL_WORK_ADDR_PTR", value, size));
      const std::lock_guard lock(mutex_);
      values_.work = work;
      return {};
    }
    case ACL_MDL_WORK_SIZET: {
      CAIRN_ASSIGN(const size_t work_size, read_value<size_t>("ACL_MDL_WORK_SIZET", value, size));
      const std::lock_guard lock(mutex_);
      values_.work_size = work_size;
      return {};
    }
    case ACL_MDL_MPAIMID_SIZET:
    case ACL_MDL_AICQOS_SIZET:
    case ACL_MDL_AICOST_SIZET:
    case ACL_MDL_MEC_TIMETHR_SIZET:
      return error(ACL_ERROR_FEATURE_UNSUPPORTED, "MDL-052",
                   "attribute {} steers units of the card that a CPU does not have",
                   static_cast<int>(attribute));
  }
  return error(ACL_ERROR_INVALID_PARAM, "MDL-052", "attribute {} is unknown; 0 to {} are allowed",
               static_cast<int64_t>(attribute), static_cast<int>(ACL_MDL_MEC_TIMETHR_SIZET));
}

ExecuteConfig::Values ExecuteConfig::values() const {
  const std::lock_guard lock(mutex_);
  return values_;
}

Status ExecuteConfig::check_work(const Values& values, uint32_t id) {
  if (values.work == nullptr && values.work_size == 0) return {};
  CAIRN_ASSIGN(const std::shared_ptr<Model> model, ModelTable::get().find(id));
  CAIRN_RETURN_IF_ERROR(Runtime::get().resolve(values.work, values.work_size, "work", "MDL-010").status());
  const size_t needed = model->info().sizes.work_bytes;
  if (values.work_size >= needed) return {};
  return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-010",
               "the work memory has {} bytes, model {} needs {}; ask aclmdlQuerySize", values.work_size, id,
               needed);
}

Status ExecuteConfig::execute(uint32_t id, const void* input_dataset, const void* output_dataset,
                              void* stream) const {
  const Values given = values();
  CAIRN_RETURN_IF_ERROR(check_work(given, id));
  CAIRN_ASSIGN(const Ref<Stream> target, Runtime::get().stream(stream));
  CAIRN_RETURN_IF_ERROR(execute_model_async(id, input_dataset, output_dataset, stream));
  std::optional<std::chrono::milliseconds> timeout;
  if (given.stream_timeout_ms >= 0) timeout = std::chrono::milliseconds(given.stream_timeout_ms);
  return target->synchronize(timeout);
}

Status ExecuteConfig::execute_async(uint32_t id, const void* input_dataset, const void* output_dataset,
                                    void* stream) const {
  CAIRN_RETURN_IF_ERROR(check_work(values(), id));
  return execute_model_async(id, input_dataset, output_dataset, stream);
}

}  // namespace cairn
