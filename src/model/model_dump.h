// What a dump in force writes of one model's executions:
//
//   <dump_path>/<time>/<device>/<model name>/<model id>/<execution, from 0>/<file of an operator>
#pragma once

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "dump/dumping.h"
#include "engine/engine.h"
#include "model/inner_view.h"

namespace cairn {

/// Thread-safe; executions of a model that is dumped run one after the other.
class ModelDump {
 public:
  /// Null if the session wants nothing of this model. `file_name`: see SharedBytes.
  static std::unique_ptr<ModelDump> create(std::shared_ptr<const DumpSession> session, Executable& executable,
                                           uint32_t model_id, const std::string& file_name);

  /// Executions have to go through run().
  bool is_active() const { return session_->active.load(std::memory_order_relaxed) && !only_failures_; }
  /// Runs the model once and writes what is wanted. That nothing can be written is logged, not returned.
  Status run(const TaskPlace& place, size_t gear, std::span<const void* const> inputs,
             std::span<void* const> outputs, FloatOverflow& overflow);
  /// The same for a model with open shapes, which has run with these inputs. The operators run once more to
  /// be seen.
  void write_open(const TaskPlace& place, std::span<const ShapedInput> inputs);
  /// The operator that failed in an execution, for an exception dump.
  void write_failure(const TaskPlace& place, const DumpOperator& failed) const;
  bool wants_failures() const { return only_failures_ && session_->active.load(std::memory_order_relaxed); }

 private:
  ModelDump(std::shared_ptr<const DumpSession> session, Executable& executable, uint32_t model_id)
      : session_(std::move(session)),
        executable_(executable),
        model_id_(model_id),
        only_failures_(session_->config.exceptions) {}
  /// Chooses the operators that an entry of "dump_list" names.
  void choose(const DumpModelChoice& choice);
  void choose_all();
  InnerView& view(size_t gear);  // Under mutex_.
  InnerView& open_view(std::span<const ShapedInput> inputs);
  void want_all(InnerView& view) const;
  void write(const TaskPlace& place, const InnerView& view, uint64_t execution) const;
  Status write_operator(const std::filesystem::path& folder, InnerView::Seen& seen) const;
  std::filesystem::path folder(const TaskPlace& place, uint64_t execution) const;
  void report(const Status& status) const;

  const std::shared_ptr<const DumpSession> session_;
  Executable& executable_;
  const uint32_t model_id_;
  const bool only_failures_;
  const DumpModelChoice* choice_ = nullptr;  ///< Part of session_; null: every operator.
  struct Wanted {
    size_t node;
    bool inputs;
  };
  std::vector<Wanted> wanted_;  ///< Not changed after creation.
  std::mutex mutex_;
  std::map<size_t, InnerView> views_;  ///< By gear, made when first used.
  /// Of the input shapes of the last execution, if they are open.
  std::unique_ptr<InnerView> open_view_;
  std::vector<std::vector<int64_t>> open_dims_;
  uint64_t executions_ = 0;
};

}  // namespace cairn
