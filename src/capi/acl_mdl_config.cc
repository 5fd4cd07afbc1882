// acl/acl_mdl.h: the functions that take their arguments from a configuration object.
#include "acl/acl_mdl.h"
#include "capi/entry.h"
#include "model/execute_config.h"
#include "model/model_config.h"

using cairn::api;
using cairn::api_value;
using cairn::error;
using cairn::ExecuteConfig;
using cairn::find;
using cairn::handle_table;
using cairn::ModelConfig;
using cairn::null_argument;
using cairn::Ref;
using cairn::Result;
using cairn::Status;

#pragma GCC visibility push(default)
extern "C" {

aclmdlConfigHandle* aclmdlCreateConfigHandle() {
  return api_value<aclmdlConfigHandle*>(
      "aclmdlCreateConfigHandle", nullptr, []() -> Result<aclmdlConfigHandle*> {
        const Ref<ModelConfig> config = handle_table<ModelConfig>().insert(std::make_unique<ModelConfig>());
        if (!config)
          return error(ACL_ERROR_BAD_ALLOC, "MDL-049",
                       "too many configurations exist; destroy those that are not used");
        return static_cast<aclmdlConfigHandle*>(config.handle());
      });
}

aclError aclmdlDestroyConfigHandle(aclmdlConfigHandle* handle) {
  return api("aclmdlDestroyConfigHandle", [&]() -> Status {
    if (handle_table<ModelConfig>().remove(handle)) return {};
    return cairn::bad_handle(ACL_ERROR_INVALID_PARAM, "MDL-050", ModelConfig::kHandleType, "handle", handle);
  });
}

aclError aclmdlSetConfigOpt(aclmdlConfigHandle* handle, aclmdlConfigAttr attr, const void* attrValue,
                            size_t valueSize) {
  return api("aclmdlSetConfigOpt", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ModelConfig> config, find<ModelConfig>(handle, "handle", "MDL-051"));
    return config->set(attr, attrValue, valueSize);
  });
}

aclError aclmdlLoadWithConfig(const aclmdlConfigHandle* handle, uint32_t* modelId) {
  return api("aclmdlLoadWithConfig", [&]() -> Status {
    if (modelId == nullptr) return null_argument("MDL-055", "modelId");
    CAIRN_ASSIGN(const Ref<ModelConfig> config, find<ModelConfig>(handle, "handle", "MDL-055"));
    CAIRN_ASSIGN(*modelId, config->load());
    return {};
  });
}

aclmdlExecConfigHandle* aclmdlCreateExecConfigHandle() {
  return api_value<aclmdlExecConfigHandle*>(
      "aclmdlCreateExecConfigHandle", nullptr, []() -> Result<aclmdlExecConfigHandle*> {
        const Ref<ExecuteConfig> config =
            handle_table<ExecuteConfig>().insert(std::make_unique<ExecuteConfig>());
        if (!config)
          return error(ACL_ERROR_BAD_ALLOC, "MDL-049",
                       "too many configurations exist; destroy those that are not used");
        return static_cast<aclmdlExecConfigHandle*>(config.handle());
      });
}

aclError aclmdlDestroyExecConfigHandle(const aclmdlExecConfigHandle* handle) {
  return api("aclmdlDestroyExecConfigHandle", [&]() -> Status {
    if (handle_table<ExecuteConfig>().remove(handle)) return {};
    return cairn::bad_handle(ACL_ERROR_INVALID_PARAM, "MDL-050", ExecuteConfig::kHandleType, "handle",
                             handle);
  });
}

aclError aclmdlSetExecConfigOpt(aclmdlExecConfigHandle* handle, aclmdlExecConfigAttr attr,
                                const void* attrValue, size_t valueSize) {
  return api("aclmdlSetExecConfigOpt", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ExecuteConfig> config, find<ExecuteConfig>(handle, "handle", "MDL-051"));
    return config->set(attr, attrValue, valueSize);
  });
}

aclError aclmdlExecuteV2(uint32_t modelId, const aclmdlDataset* input, aclmdlDataset* output,
                         aclrtStream stream, const aclmdlExecConfigHandle* handle) {
  return api("aclmdlExecuteV2", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ExecuteConfig> config, find<ExecuteConfig>(handle, "handle", "MDL-013"));
    return config->execute(modelId, input, output, stream);
  });
}

aclError aclmdlExecuteAsyncV2(uint32_t modelId, const aclmdlDataset* input, aclmdlDataset* output,
                              aclrtStream stream, const aclmdlExecConfigHandle* handle) {
  return api("aclmdlExecuteAsyncV2", [&]() -> Status {
    CAIRN_ASSIGN(const Ref<ExecuteConfig> config, find<ExecuteConfig>(handle, "handle", "MDL-018"));
    return config->execute_async(modelId, input, output, stream);
  });
}

}  // extern "C"
#pragma GCC visibility pop
