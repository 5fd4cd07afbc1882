// Offline models for unit tests, written by hand: y = x + w, each with `elements` floats.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "om/om_model.h"

namespace cairn::test {

inline std::string ir_port(int id, const std::string& dims) {
  return fmt::format("<port id=\"{}\" precision=\"FP32\">{}</port>", id, dims);
}

/// An OpenVINO IR of x + w; w lies at the start of the weights.
inline std::string add_ir(const std::vector<int64_t>& dims, size_t weight_elements) {
  const std::string list = fmt::format("{}", fmt::join(dims, ","));
  std::string tags;
  for (int64_t dim : dims)
    tags += fmt::format("<dim>{}</dim>", dim);
  return fmt::format(R"(<?xml version="1.0"?><net name="add" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1"><data shape="{0}" element_type="f32"/><output>{2}</output></layer>
<layer id="1" name="w" type="Const" version="opset1"><data element_type="f32" shape="{0}" offset="0" size="{1}"/><output>{2}</output></layer>
<layer id="2" name="y" type="Add" version="opset1"><data auto_broadcast="numpy"/><input>{2}{3}</input><output>{4}</output></layer>
<layer id="3" name="y/sink" type="Result" version="opset1"><input>{2}</input></layer></layers><edges>
<edge from-layer="0" from-port="0" to-layer="2" to-port="0"/><edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/></edges></net>)",
                     list, weight_elements * sizeof(float), ir_port(0, tags), ir_port(1, tags),
                     ir_port(2, tags));
}

inline OmNode make_node(const std::string& name, const std::string& type,
                        const std::vector<OmSource>& inputs) {
  OmNode node;
  node.name = name;
  node.type = type;
  node.inputs = inputs;
  return node;
}

/// x + w as a model; `weights` must live as long as the model.
inline OmModel add_model(const std::vector<int64_t>& dims, const std::vector<float>& weights) {
  const size_t bytes = weights.size() * sizeof(float);
  OmModel model;
  model.name = "add";
  model.soc_version = "Ascend310P3";
  const OmTensor x{"x", ACL_FLOAT, ACL_FORMAT_ND, dims, bytes};
  OmInput input;
  static_cast<OmTensor&>(input) = x;
  input.dims_v2 = dims;
  model.inputs.push_back(input);
  model.outputs.push_back({"add:0:y", ACL_FLOAT, ACL_FORMAT_ND, dims, bytes});
  OmNode constant = make_node("w", "Const", {});
  constant.output_tensors = {{"", ACL_FLOAT, ACL_FORMAT_ND, dims, bytes}};
  constant.weight_offset = 0;
  constant.weight_bytes = bytes;
  OmNode add = make_node("add", "Add", {{"x", 0}, {"w", 0}});
  add.input_tensors = {x, x};
  add.output_tensors = {x};
  add.original_names = {"add", "add_1"};
  OmNode data = make_node("x", "Data", {});
  data.output_tensors = {x};
  OmNode net_output = make_node("NetOutput", "NetOutput", {{"add", 0}});
  net_output.input_tensors = {x};
  model.nodes = {data, constant, add, net_output};
  model.memory_size = 4 * bytes;
  model.weight_size = bytes;
  model.ir_xml = add_ir(dims, weights.size());
  model.weights = std::as_bytes(std::span(weights));
  return model;
}

inline std::string to_file(const OmModel& model) {
  auto bytes = write_om(model);
  EXPECT_TRUE(bytes.is_ok()) << bytes.status().text();
  return bytes.is_ok() ? *bytes : std::string();
}

}  // namespace cairn::test
