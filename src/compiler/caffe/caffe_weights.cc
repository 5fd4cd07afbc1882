#include "compiler/caffe/caffe_weights.h"

#include <fmt/format.h>

#include <algorithm>
#include <climits>
#include <cstring>

#include "compiler/compile_error.h"
#include "compiler/protobuf_message.h"

namespace cairn {
namespace {

using Field = ProtobufField;

constexpr size_t kMostLayers = 100'000;
constexpr size_t kMostBlobs = 1'000'000;
constexpr size_t kMostDims = 32;

class WeightReader {
 public:
  explicit WeightReader(std::string_view path) : path_(path) {}

  Result<CaffeWeights> read(std::string_view file) {
    CAIRN_RETURN_IF_ERROR(each(file, "the model", [&](const Field& field) -> Status {
      if (!field.is_bytes()) return {};
      // NetParameter: layer = 100, and layers = 2 of old files.
      if (field.number == 100) return read_layer(field.bytes, 1, 7);
      if (field.number == 2) return read_layer(field.bytes, 4, 6);
      return {};
    }));
    return std::move(weights_);
  }

 private:
  Status refused(std::string_view what) const { return compile_error("E11024", {path_, what}); }

  template <class Visit>
  Status each(std::string_view bytes, std::string_view what, Visit&& visit) {
    return visit_fields(bytes, std::forward<Visit>(visit),
                        [&] { return refused(fmt::format("{} is damaged or cut off", what)); });
  }

  Status read_layer(std::string_view bytes, int name_field, int blobs_field) {
    if (++layers_ > kMostLayers) return refused(fmt::format("it has more than {} layers", kMostLayers));
    std::string name;
    std::vector<CaffeBlob> blobs;
    CAIRN_RETURN_IF_ERROR(each(bytes, "a layer", [&](const Field& field) -> Status {
      if (!field.is_bytes()) return {};
      if (field.number == name_field) name = field.bytes;
      if (field.number != blobs_field) return {};
      if (++blobs_ > kMostBlobs) return refused(fmt::format("it has more than {} blobs", kMostBlobs));
      CAIRN_ASSIGN(CaffeBlob blob, read_blob(field.bytes));
      blobs.push_back(std::move(blob));
      return {};
    }));
    if (!blobs.empty()) weights_.insert_or_assign(std::move(name), std::move(blobs));
    return {};
  }

  /// BlobProto: num, channels, height, width = 1 to 4; data = 5; shape = 7; double_data = 8.
  Result<CaffeBlob> read_blob(std::string_view bytes) {
    CaffeBlob blob;
    std::vector<int64_t> old_dims(4, 1);
    bool has_old_dims = false;
    bool has_shape = false;
    std::vector<std::string_view> pieces;
    std::vector<float> singles;
    CAIRN_RETURN_IF_ERROR(each(bytes, "a blob", [&](const Field& field) -> Status {
      if (field.number >= 1 && field.number <= 4 && !field.is_bytes()) {
        old_dims[static_cast<size_t>(field.number - 1)] = static_cast<int32_t>(field.integer);
        has_old_dims = true;
      } else if (field.number == 5 && field.is_bytes()) {
        if (field.bytes.size() % sizeof(float) != 0) return refused("the data of a blob is cut off");
        pieces.push_back(field.bytes);
      } else if (field.number == 5 && field.type == Field::WireFormatLite::WIRETYPE_FIXED32) {
        singles.push_back(field.real());
      } else if (field.number == 7 && field.is_bytes()) {
        has_shape = true;
        return read_shape(field.bytes, blob.dims);
      } else if (field.number == 8 && field.is_bytes()) {
        return add_doubles(field.bytes, singles);
      }
      return {};
    }));
    if (pieces.size() == 1 && singles.empty()) {
      blob.bytes = std::as_bytes(std::span(pieces[0]));
    } else if (!pieces.empty() || !singles.empty()) {
      gather(pieces, std::move(singles), blob);
    }
    if (!has_shape) blob.dims = has_old_dims ? old_dims : std::vector<int64_t>{blob.count()};
    return check(std::move(blob));
  }

  static void gather(const std::vector<std::string_view>& pieces, std::vector<float> values,
                     CaffeBlob& blob) {
    for (const std::string_view piece : pieces) {
      const size_t at = values.size();
      values.resize(at + piece.size() / sizeof(float));
      std::memcpy(values.data() + at, piece.data(), piece.size());
    }
    auto kept = std::make_shared<const std::vector<float>>(std::move(values));
    blob.bytes = std::as_bytes(std::span(*kept));
    blob.keeper = std::move(kept);
  }

  Status add_doubles(std::string_view bytes, std::vector<float>& values) const {
    if (bytes.size() % sizeof(double) != 0) return refused("the data of a blob is cut off");
    for (size_t at = 0; at < bytes.size(); at += sizeof(double)) {
      double value;
      std::memcpy(&value, bytes.data() + at, sizeof(value));
      values.push_back(static_cast<float>(value));
    }
    return {};
  }

  Status read_shape(std::string_view bytes, std::vector<int64_t>& dims) {
    return each(bytes, "the shape of a blob", [&](const Field& field) -> Status {
      if (field.number != 1) return {};
      if (!field.is_bytes()) return add_dim(field.signed_integer(), dims);
      google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(field.bytes.data()),
                                                    static_cast<int>(field.bytes.size()));
      while (stream.CurrentPosition() < static_cast<int>(field.bytes.size())) {
        uint64_t dim = 0;
        if (!stream.ReadVarint64(&dim)) return refused("the shape of a blob is cut off");
        CAIRN_RETURN_IF_ERROR(add_dim(static_cast<int64_t>(dim), dims));
      }
      return {};
    });
  }

  Status add_dim(int64_t dim, std::vector<int64_t>& dims) const {
    if (dims.size() == kMostDims) return refused(fmt::format("a blob has more than {} dims", kMostDims));
    dims.push_back(dim);
    return {};
  }

  Result<CaffeBlob> check(CaffeBlob blob) const {
    int64_t count = 1;
    for (const int64_t dim : blob.dims)
      if (dim < 0 || __builtin_mul_overflow(count, dim, &count))
        return refused(fmt::format("a blob has the shape [{}]", fmt::join(blob.dims, ", ")));
    if (count != blob.count())
      return refused(
          fmt::format("a blob of shape [{}] has {} values", fmt::join(blob.dims, ", "), blob.count()));
    return blob;
  }

  std::string_view path_;
  CaffeWeights weights_;
  size_t layers_ = 0;
  size_t blobs_ = 0;
};

}  // namespace

Result<CaffeWeights> read_caffe_weights(std::span<const std::byte> file, std::string_view path) {
  if (file.size() > INT_MAX)
    return compile_error("E19015", {path, std::to_string(file.size()), "at most 2 GiB are supported."});
  return WeightReader(path).read({reinterpret_cast<const char*>(file.data()), file.size()});
}

}  // namespace cairn
