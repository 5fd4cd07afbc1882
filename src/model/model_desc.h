// aclmdlDesc: the answers to all questions about a model's inputs and outputs.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "acl/acl_mdl.h"
#include "base/handle_table.h"
#include "engine/engine.h"

namespace cairn {

/// What one aclmdlGetDesc found. Immutable; it stays valid after the model has been unloaded.
class ModelDescription {
 public:
  ModelDescription(uint32_t model_id, const ModelInfo& info);

  uint32_t model_id() const { return model_id_; }
  const ModelInfo& info() const { return info_; }
  Result<const OmInput*> input(size_t index, std::string_view rule) const;
  Result<const OmTensor*> output(size_t index, std::string_view rule) const;
  /// Names of at most 127 characters as they are, longer ones converted [MDL-089] [MDL-090].
  const std::string& shown_input_name(size_t index) const { return shown_inputs_[index]; }
  const std::string& shown_output_name(size_t index) const { return shown_outputs_[index]; }
  /// The tensor's own name for a shown or real name; null for a name that no tensor has [MDL-056].
  const std::string* real_name(std::string_view name) const;
  /// "[len]name[len]name..." for the one known attribute, else an empty string [MDL-147]. Valid as long as
  /// this object.
  const char* op_attribute(std::string_view op, std::string_view attribute) const;

 private:
  std::string shown_name(const std::string& name, uint32_t model_id, const char* kind, size_t index) const;

  const uint32_t model_id_;
  const ModelInfo info_;
  std::vector<std::string> shown_inputs_;
  std::vector<std::string> shown_outputs_;
  std::map<std::string, std::string, std::less<>> original_names_;  ///< Operator -> attribute value.
};

class ModelDesc {
 public:
  static constexpr HandleType kHandleType = HandleType::kModelDesc;

  void fill(std::shared_ptr<const ModelDescription> description);
  /// What aclmdlGetDesc filled in last, or an error that asks for it. Strings that the API hands out live in
  /// it: it is kept until the next fill().
  Result<std::shared_ptr<const ModelDescription>> description() const;

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const ModelDescription> description_;
};

/// Name, number of dims and dims as the API's struct.
Status copy_dims(const std::string& name, const std::vector<int64_t>& dims, aclmdlIODims& out);

/// aclmdlGetInputIndexByName and aclmdlGetOutputIndexByName.
Result<size_t> input_index(const ModelDescription& description, std::string_view name);
Result<size_t> output_index(const ModelDescription& description, std::string_view name);

/// aclmdlGetFirstAippInfo: the static AIPP of an input, or ACL_ERROR_GE_AIPP_NOT_EXIST.
Status fill_aipp_info(const OmInput& input, aclAippInfo& out);

}  // namespace cairn
