#include "compiler/caffe/caffe_layer.h"

namespace cairn {
namespace {

std::string count_text(size_t least, size_t most) {
  if (most == 0) return fmt::format("at least {}", least);
  return least == most ? std::to_string(least) : fmt::format("{} to {}", least, most);
}

}  // namespace

bool CaffeLayer::has_bottoms(size_t least, size_t most) {
  if (bottoms_.size() >= least && (most == 0 || bottoms_.size() <= most)) return true;
  wrong(fmt::format("it has {} bottoms, it needs {}", bottoms_.size(), count_text(least, most)));
  return false;
}

bool CaffeLayer::has_tops(size_t least, size_t most) {
  if (tops_.size() >= least && (most == 0 || tops_.size() <= most)) return true;
  wrong(fmt::format("it has {} tops, it needs {}", tops_.size(), count_text(least, most)));
  return false;
}

const CaffeBlob* CaffeLayer::blob(size_t index, std::string_view what) {
  if (index < blob_count()) return &(*blobs_)[index];
  if (!missing_told_) problems_.missing.push_back(fmt::format("{} ({}: {})", name(), param_.type(), what));
  missing_told_ = true;
  return nullptr;
}

std::string CaffeLayer::constant(size_t index, std::string_view what, std::vector<int64_t> dims) {
  const CaffeBlob* found = blob(index, what);
  if (!found) return "";
  const std::vector<int64_t> wanted = dims;
  int64_t known = 1;
  int64_t* open = nullptr;
  for (int64_t& dim : dims)
    dim < 0 ? void(open = &dim) : void(known *= dim);
  if (open && known > 0 && found->count() % known == 0) {
    *open = found->count() / known;
    known *= *open;
  }
  if (known != found->count()) {
    problems_.weights.push_back(fmt::format("layer {}: its {} have the shape [{}], the network wants [{}]",
                                            name(), what, fmt::join(found->dims, ", "),
                                            fmt::join(wanted, ", ")));
    return "";
  }
  ops::GraphConstant constant;
  constant.tensor = fmt::format("{}/{}", name(), what);
  constant.dims = std::move(dims);
  constant.format = constant.dims.size() == 4 ? ACL_FORMAT_NCHW : ACL_FORMAT_ND;
  constant.bytes = found->bytes;
  constant.keeper = found->keeper ? found->keeper : file_;
  graph_.constants.push_back(std::move(constant));
  return graph_.constants.back().tensor;
}

std::string CaffeLayer::constant(std::string_view suffix, std::vector<float> values,
                                 std::vector<int64_t> dims) {
  graph_.constants.push_back(ops::make_constant(fmt::format("{}/{}", name(), suffix), ACL_FLOAT,
                                                std::move(dims), std::move(values)));
  return graph_.constants.back().tensor;
}

std::string CaffeLayer::constant(std::string_view suffix, std::vector<int64_t> values) {
  const auto count = static_cast<int64_t>(values.size());
  graph_.constants.push_back(
      ops::make_constant(fmt::format("{}/{}", name(), suffix), ACL_INT64, {count}, std::move(values)));
  return graph_.constants.back().tensor;
}

void CaffeLayer::add(std::string type, Tensors inputs, std::vector<OmAttribute> attributes) {
  ops::GraphNode node;
  node.name = name();
  node.type = std::move(type);
  node.inputs = std::move(inputs);
  node.outputs = tops_;
  node.attributes = std::move(attributes);
  node.original_names = {name()};
  graph_.nodes.push_back(std::move(node));
}

CaffeLayer::Tensors CaffeLayer::add_inner(std::string_view suffix, size_t outputs, std::string type,
                                          Tensors inputs, std::vector<OmAttribute> attributes) {
  ops::GraphNode node;
  node.name = fmt::format("{}/{}", name(), suffix);
  node.type = std::move(type);
  node.inputs = std::move(inputs);
  for (size_t i = 0; i < outputs; ++i)
    node.outputs.push_back(i == 0 ? node.name : fmt::format("{}.{}", node.name, i));
  node.attributes = std::move(attributes);
  node.original_names = {name()};
  graph_.nodes.push_back(std::move(node));
  return graph_.nodes.back().outputs;
}

std::string CaffeLayer::add_inner(std::string_view suffix, std::string type, Tensors inputs,
                                  std::vector<OmAttribute> attributes) {
  return add_inner(suffix, 1, std::move(type), std::move(inputs), std::move(attributes))[0];
}

}  // namespace cairn
