// Field numbers of onnx.proto, for what changes a file without reading all of it.
#pragma once

namespace cairn::onnx_field {

constexpr int kModelGraph = 7;
constexpr int kModelOpset = 8;
constexpr int kGraphNode = 1;
constexpr int kGraphInitializer = 5;
constexpr int kGraphInput = 11;
constexpr int kGraphOutput = 12;
constexpr int kGraphValue = 13;
constexpr int kNodeInput = 1;
constexpr int kNodeOutput = 2;
constexpr int kNodeType = 4;
constexpr int kNodeAttribute = 5;
constexpr int kNodeDomain = 7;
constexpr int kAttributeName = 1;
constexpr int kAttributeGraph = 6;
constexpr int kAttributeGraphs = 11;
constexpr int kTensorName = 8;
constexpr int kValueName = 1;
constexpr int kValueType = 2;
constexpr int kTypeTensor = 1;
constexpr int kOpsetDomain = 1;
constexpr int kOpsetVersion = 2;

}  // namespace cairn::onnx_field
