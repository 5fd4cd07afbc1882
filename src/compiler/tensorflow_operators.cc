#include "compiler/tensorflow_operators.h"

#include <algorithm>
#include <array>

namespace cairn {
namespace {

struct TypePair {
  std::string_view tensorflow;
  std::string_view cann;
};

constexpr std::array kTypes = std::to_array<TypePair>({
    {"AddV2", "Add"},
    {"All", "ReduceAll"},
    {"Any", "ReduceAny"},
    {"ArgMax", "ArgMaxV2"},
    {"DepthwiseConv2dNative", "DepthwiseConv2D"},
    {"FusedBatchNorm", "BatchNorm"},
    {"FusedBatchNormV2", "BatchNorm"},
    {"FusedBatchNormV3", "BatchNorm"},
    {"LogSoftmax", "LogSoftmaxV2"},
    {"Max", "ReduceMax"},
    {"Mean", "ReduceMean"},
    {"Min", "ReduceMin"},
    {"Prod", "ReduceProd"},
    {"ResizeBilinear", "ResizeBilinearV2"},
    {"ResizeNearestNeighbor", "ResizeNearestNeighborV2"},
    {"Softmax", "SoftmaxV2"},
    {"Sum", "ReduceSum"},
});

}  // namespace

CannOperator tensorflow_operator(const OnnxNode& node) {
  const auto found = std::ranges::find(kTypes, node.type, &TypePair::tensorflow);
  CannOperator result = table_operator(node);
  if (found != kTypes.end()) result.type = found->cann;
  return result;
}

}  // namespace cairn
