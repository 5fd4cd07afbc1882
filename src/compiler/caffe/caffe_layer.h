// One layer of a Caffe network while it becomes operators.
#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/caffe/caffe.pb.h"
#include "compiler/caffe/caffe_weights.h"
#include "ops/operator_graph.h"

namespace cairn {

/// What is wrong with the layers of a network, all of it.
struct CaffeProblems {
  std::vector<std::string> unknown;  ///< "Foo (layer conv1)".
  std::vector<std::string> missing;  ///< Layers without weights.
  std::vector<std::string> weights;  ///< "layer conv1: its weights have the shape ..."
  std::vector<std::string> layers;   ///< Other mistakes.
};

class CaffeLayer {
 public:
  using Tensors = std::vector<std::string>;

  CaffeLayer(const caffe::LayerParameter& param, Tensors bottoms, Tensors tops,
             const std::vector<CaffeBlob>* blobs, std::shared_ptr<const void> file, ops::OperatorGraph& graph,
             CaffeProblems& problems)
      : param_(param),
        bottoms_(std::move(bottoms)),
        tops_(std::move(tops)),
        blobs_(blobs),
        file_(std::move(file)),
        graph_(graph),
        problems_(problems) {}

  const caffe::LayerParameter& param() const { return param_; }
  const std::string& name() const { return param_.name(); }
  const Tensors& bottoms() const { return bottoms_; }
  const Tensors& tops() const { return tops_; }

  /// False, and told, if the layer has another number of bottoms or tops. `most` 0: any number.
  bool has_bottoms(size_t least, size_t most);
  bool has_tops(size_t least, size_t most);

  size_t blob_count() const { return blobs_ ? blobs_->size() : 0; }
  /// Null, and told, if there is none.
  const CaffeBlob* blob(size_t index, std::string_view what);
  /// The blob as a constant with these dims, of which one may be -1; "", and told, if it has another number
  /// of values.
  std::string constant(size_t index, std::string_view what, std::vector<int64_t> dims);
  /// A constant of the layer's own making.
  std::string constant(std::string_view suffix, std::vector<float> values, std::vector<int64_t> dims);
  std::string constant(std::string_view suffix, std::vector<int64_t> values);

  /// The operator that gives the layer's tops.
  void add(std::string type, Tensors inputs, std::vector<OmAttribute> attributes);
  /// An operator in front of that one; gives its tensors.
  Tensors add_inner(std::string_view suffix, size_t outputs, std::string type, Tensors inputs,
                    std::vector<OmAttribute> attributes);
  std::string add_inner(std::string_view suffix, std::string type, Tensors inputs,
                        std::vector<OmAttribute> attributes);

  void unknown() { problems_.unknown.push_back(fmt::format("{} (layer {})", param_.type(), name())); }
  void wrong(std::string_view what) {
    problems_.layers.push_back(fmt::format("layer {} ({}): {}", name(), param_.type(), what));
  }

 private:
  const caffe::LayerParameter& param_;
  Tensors bottoms_;
  Tensors tops_;
  const std::vector<CaffeBlob>* blobs_;
  std::shared_ptr<const void> file_;  ///< Keeps the bytes of the blobs.
  ops::OperatorGraph& graph_;
  CaffeProblems& problems_;
  bool missing_told_ = false;
};

/// Turns a layer into operators of the table, or tells what is wrong with it.
void translate(CaffeLayer& layer);

}  // namespace cairn
