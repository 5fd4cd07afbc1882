// The offline model (.om): what a file holds, how it is read and written.
//
// The file follows the public layout of the format (om/om_layout.h), so that viewers show the graph, and
// carries the executable graph, an OpenVINO IR, beside it. The weights are stored once, aligned to 64 bytes
// in the file: the constants of the shown graph and of the IR address the same bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "acl/acl_base.h"
#include "aipp/aipp_params.h"
#include "base/status.h"
#include "om/om_weight_files.h"

namespace cairn {

/// Weights start at a multiple of this in the file.
inline constexpr size_t kOmWeightAlignment = 64;

/// A tensor as the API describes it.
struct OmTensor {
  std::string name;
  aclDataType data_type = ACL_FLOAT;
  aclFormat format = ACL_FORMAT_ND;
  std::vector<int64_t> dims;  ///< aclmdlGetInputDims, aclmdlGetOutputDims.
  size_t bytes = 0;           ///< Size of the user's buffer.
};

/// AIPP in front of an input.
struct OmAipp {
  AippParams params;      ///< Static: complete, see resolve(). Dynamic: mode and size of the image buffer.
  OmTensor original;      ///< The model's own input, which AIPP writes: the input of the IR.
  size_t parameters = 0;  ///< Dynamic: index of the input that takes the parameters. Beyond all inputs if a
                          ///< file of another compiler names none.

  bool is_dynamic() const { return params.aipp_mode == AippMode::kDynamic; }
};

/// The sizes that a dim may have. -1 as `most`: no limit.
struct DimRange {
  int64_t least = 0;
  int64_t most = -1;

  static DimRange fixed(int64_t size) { return {size, size}; }
  bool is_fixed() const { return least == most; }
  bool contains(int64_t size) const { return size >= least && (most < 0 || size <= most); }
  bool operator==(const DimRange&) const = default;
};
/// "3", "1~8" or "2 or more".
std::string to_text(const DimRange& range);

/// What an input is for. Inputs of the network come first, in its order, then the others.
enum class OmInputRole : uint8_t {
  kData,            ///< An input of the network.
  kAippParameters,  ///< `ascend_dynamic_aipp_data`: the parameters of dynamic AIPP, see aipp/aipp_block.h.
  kGear,            ///< `ascend_mbatch_shape_data`, the last input of a model with gears.
};

/// An input. With AIPP the tensor is the image (uint8, NHWC), and `aipp->original` is what the IR takes. Dims
/// that change with the gear are -1, and so are those of an image with dynamic AIPP; `bytes` is that of the
/// largest gear. Without gears, an `engine_tensor` with a dim of -1 has a size that is known only when the
/// model runs; its `bytes` is 0.
struct OmInput : OmTensor {
  std::vector<int64_t> dims_v2;  ///< aclmdlGetInputDimsV2; differs from `dims` only with static AIPP.
  std::optional<OmAipp> aipp;
  OmInputRole role = OmInputRole::kData;
  std::vector<DimRange> ranges;  ///< One for each dim of `engine_tensor`, or none.

  /// The tensor that the IR's input takes.
  const OmTensor& engine_tensor() const { return aipp ? aipp->original : *this; }
  /// The sizes that a dim of it may have.
  DimRange range(size_t dim) const {
    const int64_t size = engine_tensor().dims[dim];
    if (size >= 0) return DimRange::fixed(size);
    return dim < ranges.size() ? ranges[dim] : DimRange();
  }
};

/// What the gears of a model change. The values are those of the attribute `mbatch_dynamic_type`.
enum class OmGearKind : uint8_t { kBatch = 1, kImage = 2, kDims = 3 };

/// The sizes that a model with gears can run with, fixed when it was converted.
struct OmGears {
  OmGearKind kind = OmGearKind::kBatch;
  struct Gear {
    std::vector<int64_t> values;                ///< Batch; height, width; or the dims that stand for -1.
    std::vector<std::vector<int64_t>> outputs;  ///< Dims of each output.
  };
  std::vector<Gear> list;
};

using OmAttributeValue = std::variant<bool, int64_t, float, std::string, std::vector<int64_t>,
                                      std::vector<float>, std::vector<std::string>>;

struct OmAttribute {
  std::string name;
  OmAttributeValue value;
};

/// Where a node's input comes from. An empty name is an optional input that is not connected.
struct OmSource {
  std::string node;
  int64_t output = 0;
};

/// Attribute of an operator: the layers of the original network that it stands for.
inline constexpr const char* kOriginalNames = "_datadump_original_op_names";

/// A node of the shown graph. The type is the CANN operator type where there is one, else the framework's.
struct OmNode {
  std::string name;  ///< The layer's name in the original model.
  std::string type;
  std::vector<OmSource> inputs;
  std::vector<OmTensor> input_tensors;  ///< One for each of `inputs`.
  std::vector<OmTensor> output_tensors;
  std::vector<OmAttribute> attributes;
  std::vector<std::string>
      original_names;  ///< `_datadump_original_op_names`: the layers that this node stands for.
  std::optional<uint64_t> weight_offset;  ///< Nodes of type Const: their bytes in the weights.
  uint64_t weight_bytes = 0;
  std::string inline_data;  ///< Nodes of type Const whose bytes are not among the weights.
};

/// Bytes of the partitions of a file, as `atc --mode=6` prints them.
struct OmPartitionSizes {
  uint64_t model_def = 0;
  uint64_t weights = 0;
  uint64_t kernels = 0;
  uint64_t aicpu_kernels = 0;
  uint64_t tasks = 0;
};

struct OmModel {
  std::string name;
  std::string soc_version;  ///< "Ascend310P3", the chip that the model was converted for.
  std::string atc_version;
  std::string atc_cmdline;
  int64_t framework = 5;  ///< Value of `atc --framework`.

  std::vector<OmInput> inputs;    ///< In the order of the IR's inputs.
  std::vector<OmTensor> outputs;  ///< In the order of the IR's results.
  std::vector<OmNode> nodes;      ///< In topological order; Data, Const and NetOutput nodes included.
  std::optional<OmGears> gears;   ///< The last input is then the one that takes the gear.

  uint64_t memory_size =
      0;  ///< Bytes of inputs, outputs and intermediate tensors: aclmdlQuerySize, work memory.
  uint64_t weight_size = 0;  ///< Bytes of the weights: aclmdlQuerySize, weight memory.

  std::string ir_xml;  ///< The executable graph; empty if the file has none (OmUse::kDescribe).
  std::span<const std::byte> weights;  ///< The IR's weights; points into the bytes given to read_om.
  uint64_t weights_checksum = 0;       ///< What om_checksum(weights) must be.
  std::string defect;                ///< OmUse::kDescribe: why the file cannot be executed; empty if it can.
  OmPartitionSizes partition_sizes;  ///< Filled by read_om.
};

/// Some size is known only when the model runs, and not chosen among gears.
bool has_open_shapes(const OmModel& model);

enum class OmUse : uint8_t {
  kExecute,       ///< The file must be one of ours, complete and unchanged.
  kExecuteKnown,  ///< The same, but the weights were checked before and are not looked at.
  kDescribe,      ///< A file of another compiler is read too, as far as its parts are known.
};

/// Parses a file. `file` may hold anything; nothing is read outside it, and memory stays within a small
/// multiple of its size. The result points into `file`, which must outlive it. Codes:
/// ACL_ERROR_GE_EXEC_MODEL_DATA_SIZE_INVALID for lengths, ACL_ERROR_GE_EXEC_LOAD_MODEL_PARTITION_FAILED,
/// ..._WEIGHT_..., ..._KERNEL_PARTITION_FAILED for contents.
Result<OmModel> read_om(std::span<const std::byte> file, OmUse use = OmUse::kExecute);

/// Takes the next bytes of a file that is being written.
using OmSink = std::function<Status(std::span<const std::byte>)>;

/// Weights that are produced while the file is written, so that they never lie in memory a second time.
struct OmWeightStream {
  uint64_t bytes = 0;
  uint64_t checksum = 0;                       ///< om_checksum of all bytes.
  std::function<Status(const OmSink&)> write;  ///< Hands exactly these bytes to the sink.
};

/// XXH3 of 64 bits.
uint64_t om_checksum(std::span<const std::byte> bytes);

/// Writes a file front to back. `model.weights` is not looked at. With `apart`, the weights are not written:
/// they lie beside the file in these parts.
Status write_om(const OmModel& model, const OmWeightStream& weights, const OmSink& sink,
                std::span<const OmWeightFile> apart = {});

/// The bytes of a whole file, with `model.weights`.
Result<std::string> write_om(const OmModel& model);

}  // namespace cairn
