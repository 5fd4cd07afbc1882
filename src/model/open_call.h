// One execution of a model whose shapes are known only when it runs.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "base/observer.h"
#include "base/status.h"
#include "device/stream.h"
#include "model/dataset.h"
#include "model/inner_view.h"
#include "model/model.h"
#include "tensor/data_buffer.h"

namespace cairn {

/// The model, the inputs' shapes as they were when the execution was asked for, and where the results go.
class OpenCall {
 public:
  /// Checks datasets, shapes and the sizes of the inputs against the model.
  static Result<std::unique_ptr<OpenCall>> prepare(std::shared_ptr<Model> model, const void* input_dataset,
                                                   const void* output_dataset);
  /// What the run reads, and what it may write.
  std::vector<MemoryAccess> accesses() const;
  /// The buffers' memory exists now.
  Status check_memory() const;
  /// Runs the model in this thread. Output buffers without memory get some of the device; shapes of outputs
  /// become descriptions in the output dataset.
  Status run(FloatOverflow& overflow, const TaskPlace& place);

 private:
  struct Input {
    void* address;
    size_t bytes;
    std::vector<int64_t> dims;  ///< Behind dynamic AIPP: known when the call runs.
    std::optional<std::vector<int64_t>> described;
  };

  using Copies = std::vector<std::vector<std::byte>>;

  OpenCall(std::shared_ptr<Model> model, Ref<Dataset> outputs)
      : model_(std::move(model)), output_dataset_(std::move(outputs)) {}
  Status run_checked(FloatOverflow& overflow, const TaskPlace& place);
  Status find_dims_behind_aipp(std::vector<ShapedInput>& inputs) const;
  static Result<const void*> readable(const Input& input, bool must_stay, Copies& copies);
  Status keep_inputs(std::vector<ShapedInput>& inputs, Copies& copies) const;
  Status collect_inputs(const Dataset& dataset);
  Status collect_outputs();
  Status take_output(size_t index, const std::vector<int64_t>& dims, std::span<const std::byte> bytes,
                     int32_t device_id);

  std::shared_ptr<Model> model_;
  Ref<Dataset> output_dataset_;
  std::vector<Input> inputs_;
  std::vector<Ref<DataBuffer>> outputs_;
};

/// aclmdlExecute and aclmdlExecuteAsync of a model with open shapes.
Status execute_open_model(std::shared_ptr<Model> model, const void* inputs, const void* outputs);
Status launch_open_model(std::shared_ptr<Model> model, const void* inputs, const void* outputs,
                         const Ref<Stream>& target);

}  // namespace cairn
