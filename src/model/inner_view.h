// Operators of a model with the tensors that one run gave them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dump/dump_file.h"
#include "engine/engine.h"

namespace cairn {

/// Which stream's task a run belongs to.
struct TaskPlace {
  int32_t device_id = 0;
  uint32_t stream_id = 0;
  uint32_t task_id = 0;
};

/// A choice of a model's operators and of their tensors, and the inspection that shows them in one
/// gear. Not thread-safe.
class InnerView {
 public:
  InnerView(Executable& executable, size_t gear) : executable_(executable), gear_(gear) {}
  /// Of a model with open shapes whose inputs have these dims; only run_inside().
  InnerView(Executable& executable, std::vector<std::vector<int64_t>> dims)
      : executable_(executable), gear_(0), open_dims_(std::move(dims)) {}

  /// Asks for inputs or outputs of the operator at this position of Executable::nodes(). Before the first
  /// run.
  void want(size_t node, bool inputs, bool outputs);
  bool is_empty() const { return choices_.empty(); }

  /// Compiles at the first call.
  Status run(std::span<const void* const> inputs, std::span<void* const> outputs, FloatOverflow& overflow);
  /// Runs what the wanted tensors need, without the model's outputs.
  Status run_inside(std::span<const void* const> inputs);

  struct Seen {
    size_t node;  ///< Its task id in dumps, too.
    DumpOperator one;
    bool exists = false;  ///< Some output is there: the operator was not folded away or merged.
  };
  /// The chosen operators with the tensors of the last run, which are valid until the next one.
  std::vector<Seen> operators(uint32_t stream_id) const;

 private:
  struct Operand {
    std::optional<size_t> wanted;  ///< Position in wanted_.
    OmTensor described;
  };
  struct Choice {
    size_t node;
    std::vector<Operand> inputs;
    std::vector<Operand> outputs;
  };

  size_t add_wanted(InnerTensorId id);
  DumpTensor tensor(const Operand& operand) const;
  Status run_with(std::span<const void* const> inputs, std::span<void* const> outputs, bool with_outputs,
                  FloatOverflow& overflow);

  Executable& executable_;
  const size_t gear_;
  const std::vector<std::vector<int64_t>> open_dims_;
  std::vector<Choice> choices_;
  std::vector<InnerTensorId> wanted_;
  std::map<std::pair<size_t, size_t>, size_t> positions_;  ///< Of what is in wanted_.
  std::map<std::string, size_t, std::less<>> nodes_by_name_;
  std::unique_ptr<Inspection> inspection_;
  std::vector<InnerTensor> found_;
};

}  // namespace cairn
