// A loaded model and one call of it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/observer.h"
#include "base/status.h"
#include "device/address_list.h"
#include "engine/engine.h"
#include "model/inner_view.h"
#include "model/model_dump.h"
#include "model/model_priorities.h"

namespace cairn {

/// Thread-safe. Whoever holds a pointer may go on running it after it was unloaded.
class Model {
 public:
  /// `file_name`: see SharedBytes. A dump that is in force now stays with the model [DUMP-026]. `priority`: 0
  /// (first) to 7 (last).
  Model(uint32_t id, void* context, std::shared_ptr<Executable> executable, const std::string& file_name,
        int priority);
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  ~Model();

  uint32_t id() const { return id_; }
  const ModelInfo& info() const { return executable_->info(); }
  Executable& executable() const { return *executable_; }
  int priority() const { return priority_; }
  /// Null for a model that was loaded while nothing was dumped.
  ModelDump* dump() const { return dump_.get(); }
  /// The model belongs to the context in which it was loaded: error 107004 in another one [MDL-005].
  Status check_context() const;
  /// The context in which it was loaded still exists.
  bool context_is_alive() const;
  /// The gear that was set last for any dataset; the largest one at first [MDL-135].
  size_t current_gear() const { return current_gear_.load(std::memory_order_relaxed); }
  void set_current_gear(size_t gear) { current_gear_.store(gear, std::memory_order_relaxed); }

 private:
  const uint32_t id_;
  void* const context_;                           ///< Handle.
  const std::shared_ptr<Executable> executable_;  ///< Models of the same file may share it.
  const std::unique_ptr<ModelDump> dump_;
  const int priority_;
  std::atomic<size_t> current_gear_;
};

/// The loaded models. Ids start at 1 and are not used again. Thread-safe.
class ModelTable {
 public:
  static ModelTable& get();

  uint32_t add(void* context, std::shared_ptr<Executable> executable, const std::string& file_name,
               int priority);
  /// ACL_ERROR_GE_EXEC_MODEL_ID_INVALID for an id that is not loaded.
  Result<std::shared_ptr<Model>> find(uint32_t id) const;
  /// Ends the id. Executions under way finish; the memory goes with the last of them [MDL-022].
  Status unload(uint32_t id);

 private:
  mutable std::shared_mutex mutex_;
  std::unordered_map<uint32_t, std::shared_ptr<Model>> models_;
  uint32_t next_id_ = 1;
};

/// One execution: the model and the buffers' addresses as they were when it was asked for. Fits into a Task.
class ModelCall {
 public:
  /// Checks datasets and sizes against the model.
  static Result<ModelCall> prepare(std::shared_ptr<Model> model, const void* input_dataset,
                                   const void* output_dataset);
  /// What the run reads and writes.
  std::vector<MemoryAccess> accesses();
  /// The buffers' memory exists now.
  Status check_memory();
  /// Runs the model in this thread. Device memory is used where it lies; host memory is copied. `overflow`:
  /// what becomes of half floats that do not fit, and whether there were any. `shares_cores`: see
  /// Executable::run.
  Status run(const TaskPlace& place, FloatOverflow& overflow, bool shares_cores);

 private:
  explicit ModelCall(std::shared_ptr<Model> model);
  const OmShapes& shapes() const { return model_->info().gears[gear_]; }
  /// Of the n-th address.
  size_t bytes(size_t index) const;
  Status run_resolved(const TaskPlace& place, FloatOverflow& overflow, bool shares_cores);

  std::shared_ptr<Model> model_;
  size_t gear_ = 0;        ///< Set for the input dataset when the call was made; 0 without gears.
  AddressList addresses_;  ///< Of the inputs, then of the outputs, as the user gave them.
};

/// aclmdlExecute: in the calling thread.
Status execute_model(uint32_t id, const void* input_dataset, const void* output_dataset);
/// aclmdlExecuteAsync: as a task of the stream.
Status execute_model_async(uint32_t id, const void* input_dataset, const void* output_dataset, void* stream);

}  // namespace cairn
