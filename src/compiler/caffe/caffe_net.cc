#include "compiler/caffe/caffe_net.h"

#include <fmt/format.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <array>
#include <climits>

#include "compiler/compile_error.h"

namespace cairn {
namespace {

constexpr size_t kMostBytes = size_t{16} << 20;
constexpr ptrdiff_t kMostMessages = 200'000;
constexpr int kMostNesting = 32;
constexpr int kMostDims = 32;

/// Keeps what the parser has to say, with its place.
class Complaints : public google::protobuf::io::ErrorCollector {
 public:
  struct Complaint {
    int line = 0;
    std::string text;
  };
  void AddError(int line, int column, const std::string& text) override {
    errors.push_back({line, fmt::format("line {}, column {}: {}", line + 1, column + 1, text)});
  }
  /// Fields that the schema does not have. Those of parts that only training needs are right.
  void AddWarning(int line, int column, const std::string& text) override {
    constexpr size_t kMost = 20;
    if (text.find("cairn.caffe.Ignored\"") != text.npos || text.find("no field named") == text.npos) return;
    if (unknown.size() < kMost)
      unknown.push_back({line, fmt::format("line {}, column {}: {}", line + 1, column + 1, plain(text))});
  }

  std::vector<Complaint> errors;
  std::vector<Complaint> unknown;

 private:
  static std::string plain(std::string text) {
    constexpr std::string_view kPackage = "cairn.caffe.";
    if (const size_t at = text.find(kPackage); at != text.npos) text.erase(at, kPackage.size());
    return text;
  }
};

struct TypePair {
  caffe::V1LayerParameter::LayerType old;
  std::string_view name;
};

using V1 = caffe::V1LayerParameter;
constexpr std::array kV1Types = std::to_array<TypePair>({
    {V1::ACCURACY, "Accuracy"},
    {V1::BNLL, "BNLL"},
    {V1::CONCAT, "Concat"},
    {V1::CONVOLUTION, "Convolution"},
    {V1::DATA, "Data"},
    {V1::DROPOUT, "Dropout"},
    {V1::EUCLIDEAN_LOSS, "EuclideanLoss"},
    {V1::FLATTEN, "Flatten"},
    {V1::HDF5_DATA, "HDF5Data"},
    {V1::HDF5_OUTPUT, "HDF5Output"},
    {V1::IM2COL, "Im2col"},
    {V1::IMAGE_DATA, "ImageData"},
    {V1::INFOGAIN_LOSS, "InfogainLoss"},
    {V1::INNER_PRODUCT, "InnerProduct"},
    {V1::LRN, "LRN"},
    {V1::MULTINOMIAL_LOGISTIC_LOSS, "MultinomialLogisticLoss"},
    {V1::POOLING, "Pooling"},
    {V1::RELU, "ReLU"},
    {V1::SIGMOID, "Sigmoid"},
    {V1::SOFTMAX, "Softmax"},
    {V1::SOFTMAX_LOSS, "SoftmaxWithLoss"},
    {V1::SPLIT, "Split"},
    {V1::TANH, "TanH"},
    {V1::WINDOW_DATA, "WindowData"},
    {V1::ELTWISE, "Eltwise"},
    {V1::POWER, "Power"},
    {V1::SIGMOID_CROSS_ENTROPY_LOSS, "SigmoidCrossEntropyLoss"},
    {V1::HINGE_LOSS, "HingeLoss"},
    {V1::MEMORY_DATA, "MemoryData"},
    {V1::ARGMAX, "ArgMax"},
    {V1::THRESHOLD, "Threshold"},
    {V1::DUMMY_DATA, "DummyData"},
    {V1::SLICE, "Slice"},
    {V1::MVN, "MVN"},
    {V1::ABSVAL, "AbsVal"},
    {V1::SILENCE, "Silence"},
    {V1::CONTRASTIVE_LOSS, "ContrastiveLoss"},
    {V1::EXP, "Exp"},
    {V1::DECONVOLUTION, "Deconvolution"},
});

caffe::LayerParameter upgrade(const V1& old) {
  caffe::LayerParameter layer;
  layer.set_name(old.name());
  for (const TypePair& pair : kV1Types)
    if (pair.old == old.type()) layer.set_type(std::string(pair.name));
  *layer.mutable_bottom() = old.bottom();
  *layer.mutable_top() = old.top();
  *layer.mutable_include() = old.include();
  *layer.mutable_exclude() = old.exclude();
  // Parameters have the same names and messages in both.
  const auto* from = old.GetReflection();
  const auto* to = layer.GetReflection();
  std::vector<const google::protobuf::FieldDescriptor*> fields;
  from->ListFields(old, &fields);
  for (const auto* field : fields) {
    if (field->cpp_type() != google::protobuf::FieldDescriptor::CPPTYPE_MESSAGE || field->is_repeated())
      continue;
    const auto* target = layer.GetDescriptor()->FindFieldByName(field->name());
    if (target && target->message_type() == field->message_type())
      to->MutableMessage(&layer, target)->CopyFrom(from->GetMessage(old, field));
  }
  return layer;
}

/// Does the state of a network for TEST meet the rule?
bool meets(const caffe::NetState& state, const caffe::NetStateRule& rule) {
  const caffe::Phase phase = caffe::TEST;
  if (rule.has_phase() && rule.phase() != phase) return false;
  if (rule.has_min_level() && state.level() < rule.min_level()) return false;
  if (rule.has_max_level() && state.level() > rule.max_level()) return false;
  const auto has = [&](const std::string& stage) {
    return std::find(state.stage().begin(), state.stage().end(), stage) != state.stage().end();
  };
  return std::all_of(rule.stage().begin(), rule.stage().end(), has) &&
         std::none_of(rule.not_stage().begin(), rule.not_stage().end(), has);
}

bool is_included(const caffe::NetState& state, const caffe::LayerParameter& layer) {
  const auto matches = [&](const caffe::NetStateRule& rule) { return meets(state, rule); };
  if (layer.has_phase() && layer.phase() != caffe::TEST) return false;
  if (layer.include_size() > 0) return std::any_of(layer.include().begin(), layer.include().end(), matches);
  return std::none_of(layer.exclude().begin(), layer.exclude().end(), matches);
}

class NetReader {
 public:
  explicit NetReader(std::string_view path) : path_(path) {}

  Result<CaffeNet> read(std::string_view text) {
    CAIRN_RETURN_IF_ERROR(parse(text));
    CAIRN_RETURN_IF_ERROR(read_inputs());
    const int count = proto_.layer_size() > 0 ? proto_.layer_size() : proto_.layers_size();
    for (int i = 0; i < count; ++i)
      CAIRN_RETURN_IF_ERROR(add_layer(i));
    if (!unknown_.empty()) return refused(fmt::format("{}", fmt::join(unknown_, "; ")));
    if (net_.inputs.empty()) return refused("it has no input: neither input fields nor Input layers");
    return std::move(net_);
  }

 private:
  Status refused(std::string_view what) const { return compile_error("E11022", {path_, what}); }

  Status parse(std::string_view text) {
    if (text.size() > kMostBytes)
      return compile_error("E19015", {path_, std::to_string(text.size()), "at most 16 MiB are supported."});
    // Each message takes hundreds of bytes, however short its text.
    if (std::count(text.begin(), text.end(), '{') + std::count(text.begin(), text.end(), '<') > kMostMessages)
      return refused(fmt::format("it has more than {} messages", kMostMessages));
    google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
    google::protobuf::TextFormat::Parser parser;
    parser.SetRecursionLimit(kMostNesting);
    parser.AllowUnknownField(true);
    parser.RecordErrorsTo(&complaints_);
    parser.WriteLocationsTo(&places_);
    if (!parser.Parse(&stream, &proto_))
      return refused(complaints_.errors.empty() ? "it is no text of a network" : complaints_.errors[0].text);
    return {};
  }

  Status check_dims(const caffe::BlobShape& shape, std::string_view name) const {
    if (shape.dim_size() > kMostDims)
      return refused(fmt::format("input {} has {} dims", name, shape.dim_size()));
    for (const int64_t dim : shape.dim())
      if (dim < 0 || dim > INT_MAX) return refused(fmt::format("input {} has a dim of {}", name, dim));
    return {};
  }

  Status add_input(const std::string& name, const caffe::BlobShape& shape) {
    CAIRN_RETURN_IF_ERROR(check_dims(shape, name));
    net_.inputs.push_back({name, {shape.dim().begin(), shape.dim().end()}});
    return {};
  }

  /// `input` with `input_shape`, or with four `input_dim` each.
  Status read_inputs() {
    if (proto_.input_shape_size() > 0 && proto_.input_shape_size() != proto_.input_size())
      return refused(
          fmt::format("it has {} input and {} input_shape", proto_.input_size(), proto_.input_shape_size()));
    if (proto_.input_shape_size() == 0 && proto_.input_dim_size() != 4 * proto_.input_size())
      return refused(fmt::format("it has {} input and {} input_dim; each input needs 4", proto_.input_size(),
                                 proto_.input_dim_size()));
    for (int i = 0; i < proto_.input_size(); ++i) {
      caffe::BlobShape shape;
      if (proto_.input_shape_size() > 0)
        shape = proto_.input_shape(i);
      else
        for (int k = 0; k < 4; ++k)
          shape.add_dim(proto_.input_dim(4 * i + k));
      CAIRN_RETURN_IF_ERROR(add_input(proto_.input(i), shape));
    }
    return {};
  }

  Status add_layer(int index) {
    const bool is_new = proto_.layer_size() > 0;
    caffe::LayerParameter layer = is_new ? proto_.layer(index) : upgrade(proto_.layers(index));
    if (!is_included(proto_.state(), layer)) return {};
    collect_unknown(is_new, index);
    if (layer.name().empty()) layer.set_name(fmt::format("{}_{}", layer.type(), index));
    if (layer.type() == "Input") return add_input_layer(layer, layer.input_param().shape());
    if (layer.type() == "DummyData") return add_input_layer(layer, dummy_shapes(layer.dummy_data_param()));
    net_.layers.push_back(std::move(layer));
    return {};
  }

  static google::protobuf::RepeatedPtrField<caffe::BlobShape> dummy_shapes(
      const caffe::DummyDataParameter& dummy) {
    if (dummy.shape_size() > 0) return dummy.shape();
    google::protobuf::RepeatedPtrField<caffe::BlobShape> shapes;
    for (int i = 0; i < dummy.num_size(); ++i) {
      caffe::BlobShape& shape = *shapes.Add();
      shape.add_dim(dummy.num(i));
      for (const auto* list : {&dummy.channels(), &dummy.height(), &dummy.width()})
        shape.add_dim(i < list->size() ? (*list)[i] : 1);
    }
    return shapes;
  }

  /// One shape for all tops, or one each.
  Status add_input_layer(const caffe::LayerParameter& layer,
                         const google::protobuf::RepeatedPtrField<caffe::BlobShape>& shapes) {
    if (shapes.empty() || (shapes.size() != 1 && shapes.size() != layer.top_size()))
      return refused(
          fmt::format("layer {} has {} tops and {} shapes", layer.name(), layer.top_size(), shapes.size()));
    for (int i = 0; i < layer.top_size(); ++i)
      CAIRN_RETURN_IF_ERROR(add_input(layer.top(i), shapes.size() == 1 ? shapes.at(0) : shapes.at(i)));
    return {};
  }

  /// The lines from one layer to the next belong to it.
  void collect_unknown(bool is_new, int index) {
    const auto* field = proto_.GetDescriptor()->FindFieldByName(is_new ? "layer" : "layers");
    const int count = is_new ? proto_.layer_size() : proto_.layers_size();
    const int first = places_.GetLocation(field, index).line;
    const int next = index + 1 < count ? places_.GetLocation(field, index + 1).line : INT_MAX;
    for (const Complaints::Complaint& complaint : complaints_.unknown)
      if (complaint.line >= first && complaint.line < std::max(next, first + 1))
        unknown_.push_back(complaint.text);
  }

  std::string_view path_;
  caffe::NetParameter proto_;
  Complaints complaints_;
  google::protobuf::TextFormat::ParseInfoTree places_;
  std::vector<std::string> unknown_;
  CaffeNet net_;
};

}  // namespace

Result<CaffeNet> read_caffe_net(std::span<const std::byte> file, std::string_view path) {
  return NetReader(path).read({reinterpret_cast<const char*>(file.data()), file.size()});
}

}  // namespace cairn
