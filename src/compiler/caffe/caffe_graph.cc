#include "compiler/caffe/caffe_graph.h"

#include <fmt/format.h>

#include <array>
#include <map>
#include <set>

#include "compiler/caffe/caffe_layer.h"
#include "compiler/caffe/caffe_net.h"
#include "compiler/caffe/caffe_weights.h"
#include "compiler/compile_error.h"

namespace cairn {
namespace {

class GraphMaker {
 public:
  GraphMaker(const CaffeNet& net, const CaffeWeights& weights, std::shared_ptr<const void> file)
      : net_(net), weights_(weights), file_(std::move(file)) {}

  Result<ops::OperatorGraph> run() {
    CAIRN_RETURN_IF_ERROR(add_layers());
    CAIRN_RETURN_IF_ERROR(report());
    add_outputs();
    if (graph_.outputs.empty()) return compile_error("E11022", {"--model", "the network has no output"});
    return std::move(graph_);
  }

  Result<CaffeCheck> check() {
    CAIRN_RETURN_IF_ERROR(add_layers());
    add_outputs();
    return CaffeCheck{std::move(checks_), std::move(graph_)};
  }

 private:
  Status add_layers() {
    for (const CaffeInput& input : net_.inputs)
      CAIRN_RETURN_IF_ERROR(add_input(input));
    count_writers();
    std::set<std::string_view> names;
    for (const caffe::LayerParameter& layer : net_.layers) {
      if (!names.insert(layer.name()).second) return compile_error("E19009", {layer.name()});
      const ProblemCounts before = count_problems();
      add_layer(layer);
      checks_.push_back(check_of(layer, before));
    }
    return {};
  }

  using ProblemCounts = std::array<size_t, 4>;

  ProblemCounts count_problems() const {
    return {problems_.unknown.size(), problems_.missing.size(), problems_.weights.size(),
            problems_.layers.size()};
  }

  /// What came to the problems with this layer.
  CaffeLayerCheck check_of(const caffe::LayerParameter& layer, const ProblemCounts& before) const {
    struct Kind {
      const char* code;
      const char* what;
      const std::vector<std::string>& texts;
    };
    const std::array<Kind, 4> kinds = {{{"E11009", "there is no such layer type: ", problems_.unknown},
                                        {"E11029", "weights are missing: ", problems_.missing},
                                        {"E11024", "", problems_.weights},
                                        {"E11022", "", problems_.layers}}};
    for (size_t i = 0; i < kinds.size(); ++i)
      if (kinds[i].texts.size() > before[i])
        return {layer.name(), layer.type(), kinds[i].code,
                fmt::format("{}{}", kinds[i].what,
                            fmt::join(kinds[i].texts.begin() + static_cast<std::ptrdiff_t>(before[i]),
                                      kinds[i].texts.end(), "; "))};
    return {layer.name(), layer.type(), "", ""};
  }

  /// The tensor that a blob is at this place of the network.
  struct Blob {
    std::string tensor;
    std::string layer;  ///< That wrote it last.
    int64_t index = 0;  ///< Among its tops.
    bool is_used = false;
    bool is_input = false;
  };

  Status add_input(const CaffeInput& input) {
    ops::GraphInput made;
    made.tensor = input.name;
    made.format = input.dims.size() == 4 ? ACL_FORMAT_NCHW : ACL_FORMAT_ND;
    made.dims = input.dims;
    graph_.inputs.push_back(std::move(made));
    if (!blobs_.emplace(input.name, Blob{input.name, input.name, 0, false, true}).second)
      return compile_error("E19009", {input.name});
    order_.push_back(input.name);
    return {};
  }

  /// A layer may write the blob that it reads, so that one name stands for several tensors.
  void count_writers() {
    for (const caffe::LayerParameter& layer : net_.layers)
      for (const std::string& top : layer.top())
        ++writers_[top];
  }

  void add_layer(const caffe::LayerParameter& layer) {
    CaffeLayer::Tensors bottoms;
    for (const std::string& bottom : layer.bottom()) {
      const auto found = blobs_.find(bottom);
      if (found == blobs_.end()) {
        problems_.layers.push_back(
            fmt::format("layer {}: no layer in front of it has the top {}", layer.name(), bottom));
        continue;
      }
      found->second.is_used = true;
      bottoms.push_back(found->second.tensor);
    }
    CaffeLayer::Tensors tops;
    for (int i = 0; i < layer.top_size(); ++i)
      tops.push_back(write(layer.top(i), layer.name(), i));
    if (bottoms.size() != static_cast<size_t>(layer.bottom_size())) return;
    const auto found = weights_.find(layer.name());
    CaffeLayer translated(layer, std::move(bottoms), std::move(tops),
                          found == weights_.end() ? nullptr : &found->second, file_, graph_, problems_);
    translate(translated);
  }

  /// The last tensor of a blob has its name, unless that is an input's.
  std::string write(const std::string& blob, const std::string& layer, int64_t index) {
    const bool is_last = --writers_[blob] == 0;
    const auto old = blobs_.find(blob);
    bool taken = false;
    for (const CaffeInput& input : net_.inputs)
      taken = taken || input.name == blob;
    std::string tensor = is_last && !taken ? blob : fmt::format("{}@{}", blob, layer);
    if (old == blobs_.end()) order_.push_back(blob);
    blobs_[blob] = {tensor, layer, index, false, false};
    return tensor;
  }

  /// What no layer reads. Inputs that nothing reads are no outputs.
  void add_outputs() {
    for (const std::string& name : order_) {
      const Blob& blob = blobs_.at(name);
      if (!blob.is_used && !blob.is_input)
        graph_.outputs.push_back({blob.tensor, blob.layer, blob.index, name});
    }
  }

  Status report() const {
    const auto list = [](const std::vector<std::string>& texts, std::string_view separator) {
      return fmt::format("{}", fmt::join(texts, separator));
    };
    std::vector<Status> all;
    if (!problems_.unknown.empty())
      all.push_back(
          compile_error("E11009", {std::to_string(problems_.unknown.size()), list(problems_.unknown, ", ")}));
    if (!problems_.missing.empty())
      all.push_back(
          compile_error("E11029", {std::to_string(problems_.missing.size()), list(problems_.missing, ", ")}));
    if (!problems_.weights.empty())
      all.push_back(compile_error("E11024", {"--weight", list(problems_.weights, "; ")}));
    if (!problems_.layers.empty())
      all.push_back(compile_error("E11022", {"--model", list(problems_.layers, "; ")}));
    if (all.empty()) return {};
    std::string text;
    for (const Status& status : all)
      text += (text.empty() ? "" : "\n") + std::string(status.text());
    return {all[0].code(), text};
  }

  const CaffeNet& net_;
  const CaffeWeights& weights_;
  std::shared_ptr<const void> file_;
  std::map<std::string, Blob, std::less<>> blobs_;
  std::vector<std::string> order_;  ///< Blobs in the order of their first tensor.
  std::map<std::string, int, std::less<>> writers_;
  CaffeProblems problems_;
  std::vector<CaffeLayerCheck> checks_;
  ops::OperatorGraph graph_;
};

}  // namespace

Result<ops::OperatorGraph> read_caffe(const CaffeFile& network, const CaffeFile& weights) {
  CAIRN_ASSIGN(const CaffeNet net, read_caffe_net(network.bytes, network.path));
  CAIRN_ASSIGN(const CaffeWeights blobs, read_caffe_weights(weights.bytes, weights.path));
  return GraphMaker(net, blobs, weights.keeper).run();
}

Result<CaffeCheck> check_caffe(const CaffeFile& network, const CaffeFile& weights) {
  CAIRN_ASSIGN(const CaffeNet net, read_caffe_net(network.bytes, network.path));
  CAIRN_ASSIGN(const CaffeWeights blobs, read_caffe_weights(weights.bytes, weights.path));
  return GraphMaker(net, blobs, weights.keeper).check();
}

}  // namespace cairn
