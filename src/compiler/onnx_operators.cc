#include "compiler/onnx_operators.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cairn {
namespace {

struct TypePair {
  std::string_view onnx;
  std::string_view cann;
};

// Types that differ; sorted by nothing, looked up once per node. Convolutions, poolings and Clip depend on
// more than the type.
constexpr std::array kTypes = std::to_array<TypePair>({
    {"And", "LogicalAnd"},
    {"ArgMax", "ArgMaxV2"},
    {"AveragePool", "AvgPoolV2"},
    {"BatchNormalization", "BatchNorm"},
    {"Concat", "ConcatD"},
    {"ConstantOfShape", "FillV2"},
    {"ConvTranspose", "Conv2DTransposeD"},
    {"CumSum", "Cumsum"},
    {"Det", "MatrixDeterminant"},
    {"Div", "RealDiv"},
    {"Flatten", "FlattenV2"},
    {"GRU", "CommonGRU"},
    {"Gather", "GatherV2"},
    {"GatherND", "GatherNd"},
    {"Gemm", "MatMulV2"},
    {"GlobalMaxPool", "MaxPool"},
    {"GreaterOrEqual", "GreaterEqual"},
    {"GridSample", "GridSampler2D"},
    {"InstanceNormalization", "InstanceNorm"},
    {"IsNaN", "IsNan"},
    {"LSTM", "CommonLSTM"},
    {"LayerNormalization", "LayerNormV3"},
    {"LessOrEqual", "LessEqual"},
    {"LogSoftmax", "LogSoftmaxV2"},
    {"LpNormalization", "LpNorm"},
    {"MatMul", "BatchMatMulV2"},
    {"Max", "Maximum"},
    {"MaxPool", "MaxPoolV3"},
    {"MaxRoiPool", "ROIPooling"},
    {"MeanVarianceNormalization", "MVNV2"},
    {"Min", "Minimum"},
    {"NonMaxSuppression", "NonMaxSuppressionV6"},
    {"Not", "LogicalNot"},
    {"Or", "LogicalOr"},
    {"Pad", "PadV3"},
    {"ReduceL1", "LpNorm"},
    {"ReduceL2", "LpNorm"},
    {"RoiAlign", "ROIAlign"},
    {"ScatterND", "TensorScatterUpdate"},
    {"Slice", "StridedSliceV2"},
    {"Softmax", "SoftmaxV2"},
    {"Split", "SplitV"},
    {"Squeeze", "SqueezeV2"},
    {"Sum", "AccumulateNV2"},
    {"Unsqueeze", "UnsqueezeV2"},
    {"Upsample", "Resize"},
    {"Where", "SelectV2"},
});

template <class T>
const T* value_of(const OnnxNode& node, std::string_view name) {
  for (const OnnxAttribute& attribute : node.attributes)
    if (attribute.name == name) return std::get_if<T>(&attribute.value);
  return nullptr;
}

std::vector<int64_t> list_of(const OnnxNode& node, std::string_view name, size_t size, int64_t otherwise) {
  const auto* list = value_of<std::vector<int64_t>>(node, name);
  return list && list->size() == size ? *list : std::vector<int64_t>(size, otherwise);
}

OmAttribute convert(const OnnxAttribute& attribute) {
  OmAttribute converted{std::string(attribute.name), int64_t{0}};
  std::visit(
      [&](const auto& value) {
        using Value = std::decay_t<decltype(value)>;
        if constexpr (std::is_same_v<Value, std::string_view>)
          converted.value = std::string(value);
        else if constexpr (std::is_same_v<Value, std::vector<std::string_view>>)
          converted.value = std::vector<std::string>(value.begin(), value.end());
        else if constexpr (!std::is_same_v<Value, std::monostate>)
          converted.value = value;
      },
      attribute.value);
  return converted;
}

std::vector<OmAttribute> plain_attributes(const OnnxNode& node) {
  std::vector<OmAttribute> attributes;
  for (const OnnxAttribute& attribute : node.attributes)
    if (!std::holds_alternative<std::monostate>(attribute.value)) attributes.push_back(convert(attribute));
  return attributes;
}

/// Windows of two dims as CANN writes them: four values in NCHW order, pads as top, bottom, left, right.
std::vector<OmAttribute> window_attributes(const OnnxNode& node) {
  const auto strides = list_of(node, "strides", 2, 1);
  const auto dilations = list_of(node, "dilations", 2, 1);
  const auto pads = list_of(node, "pads", 4, 0);  // ONNX: top, left, bottom, right.
  std::vector<OmAttribute> attributes = {
      {"strides", std::vector<int64_t>{1, 1, strides[0], strides[1]}},
      {"dilations", std::vector<int64_t>{1, 1, dilations[0], dilations[1]}},
      {"pads", std::vector<int64_t>{pads[0], pads[2], pads[1], pads[3]}},
      {"data_format", std::string("NCHW")},
  };
  if (const auto* automatic = value_of<std::string_view>(node, "auto_pad"))
    attributes.push_back({"auto_pad", std::string(*automatic)});
  return attributes;
}

CannOperator convolution(const OnnxNode& node, const std::vector<int64_t>& filter) {
  const auto* given = value_of<int64_t>(node, "group");
  const int64_t groups = given ? *given : 1;
  if (filter.size() == 5) return {"Conv3D", plain_attributes(node)};
  if (filter.size() != 4) return {"Conv2D", plain_attributes(node)};
  const bool depthwise = groups > 1 && filter[1] == 1;
  CannOperator result{depthwise ? "DepthwiseConv2D" : "Conv2D", window_attributes(node)};
  if (!depthwise) result.attributes.push_back({"groups", groups});
  return result;
}

CannOperator pooling(const OnnxNode& node, std::string_view type) {
  const auto* kernel = value_of<std::vector<int64_t>>(node, "kernel_shape");
  if (!kernel || kernel->size() != 2) return {std::string(type), plain_attributes(node)};
  CannOperator result{std::string(type), window_attributes(node)};
  result.attributes.push_back({"ksize", std::vector<int64_t>{1, 1, (*kernel)[0], (*kernel)[1]}});
  result.attributes.push_back({"padding_mode", std::string("CALCULATED")});
  const auto* ceil_mode = value_of<int64_t>(node, "ceil_mode");
  result.attributes.push_back({"ceil_mode", ceil_mode && *ceil_mode != 0});
  if (type == "AvgPoolV2") {
    const auto* include = value_of<int64_t>(node, "count_include_pad");
    result.attributes.push_back({"exclusive", !(include && *include != 0)});
  }
  return result;
}

/// Bounds come as attributes up to opset 10, as inputs later.
CannOperator clip(const OnnxNode& node, const OnnxNodeContext& context) {
  const auto bound = [&](std::string_view name, size_t input) -> std::optional<float> {
    if (const auto* value = value_of<float>(node, name)) return *value;
    return input < node.inputs.size() ? context.scalar(node.inputs[input]) : std::nullopt;
  };
  const bool relu6 = bound("min", 1) == 0.0F && bound("max", 2) == 6.0F;
  return {relu6 ? "Relu6" : "ClipByValue", plain_attributes(node)};
}

CannOperator gemm(const OnnxNode& node) {
  const auto* first = value_of<int64_t>(node, "transA");
  const auto* second = value_of<int64_t>(node, "transB");
  return {"MatMulV2", {{"transpose_x1", first && *first != 0}, {"transpose_x2", second && *second != 0}}};
}

CannOperator softmax(const OnnxNode& node, std::string type) {
  const auto* axis = value_of<int64_t>(node, "axis");
  return {std::move(type), {{"axes", std::vector<int64_t>{axis ? *axis : -1}}}};
}

}  // namespace

CannOperator table_operator(const OnnxNode& node) {
  return {std::string(node.type), plain_attributes(node)};
}

CannOperator cann_operator(const OnnxNode& node, const OnnxNodeContext& context) {
  if (node.type == "Conv")
    return convolution(node, node.inputs.size() > 1 ? context.dims(node.inputs[1]) : std::vector<int64_t>());
  if (node.type == "Clip") return clip(node, context);
  if (node.type == "Gemm") return gemm(node);
  const auto found = std::find_if(kTypes.begin(), kTypes.end(),
                                  [&](const TypePair& pair) { return pair.onnx == node.type; });
  const std::string type(found == kTypes.end() ? node.type : found->cann);
  if (node.type == "MaxPool" || node.type == "AveragePool") return pooling(node, type);
  if (node.type == "Softmax" || node.type == "LogSoftmax") return softmax(node, type);
  return {type, plain_attributes(node)};
}

}  // namespace cairn
