#include "tensor/format_conversion.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "tensor/data_type.h"

namespace cairn {
namespace {

constexpr int64_t kCube = 16;       // Rows of a block of the cube unit.
constexpr int64_t kShortBlock = 4;  // C0 of NC1HWC0_C04.

/// One layout. `order` names its dims from the outermost: a letter is an axis, "C1" and "C0" are the block of
/// the axis and the place within it, and what stands in brackets shares one dim.
struct Layout {
  aclFormat format;
  std::string_view axes;
  std::string_view order;
};

constexpr std::string_view kImage = "NCHW";
constexpr std::string_view kVolume = "NCDHW";
constexpr std::array kLayouts = {
    Layout{ACL_FORMAT_NCHW, kImage, "NCHW"},           Layout{ACL_FORMAT_NHWC, kImage, "NHWC"},
    Layout{ACL_FORMAT_HWCN, kImage, "HWCN"},           Layout{ACL_FORMAT_NC1HWC0, kImage, "NC1HWC0"},
    Layout{ACL_FORMAT_NC1HWC0_C04, kImage, "NC1HWC0"}, Layout{ACL_FORMAT_FRACTAL_Z, kImage, "(C1HW)N1N0C0"},
    Layout{ACL_FORMAT_NCDHW, kVolume, "NCDHW"},        Layout{ACL_FORMAT_NDHWC, kVolume, "NDHWC"},
    Layout{ACL_FORMAT_NDC1HWC0, kVolume, "NDC1HWC0"},  Layout{ACL_FRACTAL_Z_3D, kVolume, "(DC1HW)N1N0C0"},
};

const Layout* find_layout(aclFormat format) {
  for (const Layout& layout : kLayouts)
    if (layout.format == format) return &layout;
  return nullptr;
}

/// Formats whose dims are the tensor's axes in their own order, whatever they mean.
bool keeps_axes(aclFormat format) {
  return format == ACL_FORMAT_ND || format == ACL_FORMAT_NC || format == ACL_FORMAT_NCL;
}

/// Every element has its place and nothing else has one.
bool is_plain(aclFormat format) {
  const Layout* layout = find_layout(format);
  return keeps_axes(format) || (layout != nullptr && layout->order.size() == layout->axes.size());
}

/// A tensor without padding: the reference to which both layouts of a conversion refer.
struct PlainTensor {
  aclFormat format;
  std::vector<int64_t> dims;
  std::string_view letters;  ///< Of the dims, empty if nothing says what they mean.
};

/// One piece of an axis of the plain tensor, as a layout lists them.
struct Piece {
  enum class Part : uint8_t { kWhole, kBlocks, kWithin };
  size_t axis;
  Part part;
  int64_t block;
  bool joins_next;  ///< Shares its dim with the piece after it.

  int64_t size(int64_t length) const {
    if (part == Part::kWhole) return length;
    if (part == Part::kWithin) return block;
    return length < 0 ? -1 : (length + block - 1) / block;
  }
};

std::vector<Piece> pieces_of(const Layout& layout, std::string_view letters, aclDataType type) {
  const int64_t channels = layout.format == ACL_FORMAT_NC1HWC0_C04 ? kShortBlock : channel_block(type);
  std::vector<Piece> pieces;
  bool joined = false;
  for (const char letter : layout.order) {
    if (letter == '(') {
      joined = true;
    } else if (letter == ')') {
      joined = pieces.back().joins_next = false;
    } else if (letter == '1' || letter == '0') {
      pieces.back().part = letter == '1' ? Piece::Part::kBlocks : Piece::Part::kWithin;
    } else {
      pieces.push_back({letters.find(letter), Piece::Part::kWhole, letter == 'C' ? channels : kCube, joined});
    }
  }
  return pieces;
}

std::vector<Piece> pieces_of_nz(size_t axes, aclDataType type) {
  std::vector<Piece> pieces;
  for (size_t axis = 0; axis + 2 < axes; ++axis)
    pieces.push_back({axis, Piece::Part::kWhole, 1, false});
  const size_t m = axes - 2;
  const size_t n = axes - 1;
  pieces.push_back({n, Piece::Part::kBlocks, channel_block(type), false});
  pieces.push_back({m, Piece::Part::kBlocks, kCube, false});
  pieces.push_back({m, Piece::Part::kWithin, kCube, false});
  pieces.push_back({n, Piece::Part::kWithin, channel_block(type), false});
  return pieces;
}

/// Where index i of an axis lies: i / block * outer + i % block * inner elements.
struct AxisPlace {
  int64_t block = 1;
  int64_t outer = 0;
  int64_t inner = 0;
};

/// A layout of a plain tensor.
struct Placement {
  std::vector<int64_t> dims;      ///< Of the layout, -1 where they are not known.
  std::vector<AxisPlace> places;  ///< One for each axis of the plain tensor.
};

int64_t product(int64_t a, int64_t b) {
  int64_t result = -1;
  return a < 0 || b < 0 || __builtin_mul_overflow(a, b, &result) ? -1 : result;
}

Placement place(const std::vector<Piece>& pieces, const std::vector<int64_t>& plain_dims) {
  Placement result;
  result.places.resize(plain_dims.size());
  int64_t joined = 1;
  for (const Piece& piece : pieces) {
    joined = product(joined, piece.size(plain_dims[piece.axis]));
    if (piece.joins_next) continue;
    result.dims.push_back(std::exchange(joined, 1));
  }
  int64_t stride = 1;
  for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece) {
    AxisPlace& axis = result.places[piece->axis];
    if (piece->part != Piece::Part::kWhole) axis.block = piece->block;
    (piece->part == Piece::Part::kWithin ? axis.inner : axis.outer) = stride;
    stride = product(stride, piece->size(plain_dims[piece->axis]));
  }
  return result;
}

Status cannot_convert(aclFormat format, size_t dims, std::string_view why) {
  return error(ACL_ERROR_INVALID_PARAM, "COM-054", "{} with {} dims cannot be converted: {}",
               format_name(format), dims, why);
}

Result<Placement> place(aclFormat format, const PlainTensor& plain, aclDataType type) {
  const size_t rank = plain.dims.size();
  if (format == ACL_FORMAT_FRACTAL_NZ) {
    if (rank < 2) return cannot_convert(plain.format, rank, "FRACTAL_NZ needs 2 dims or more");
    return place(pieces_of_nz(rank, type), plain.dims);
  }
  if (const Layout* layout = find_layout(format)) {
    // Dims without a meaning are taken in the order of the axes.
    const std::string_view letters = plain.letters.empty() ? layout->axes : plain.letters;
    if (layout->axes.size() != letters.size() || letters.size() != rank)
      return cannot_convert(plain.format, rank,
                            fmt::format("{} needs the axes {}", format_name(format), layout->axes));
    return place(pieces_of(*layout, letters, type), plain.dims);
  }
  if (!keeps_axes(format))
    return cannot_convert(plain.format, rank,
                          fmt::format("the layout of {} is not defined", format_name(format)));
  std::vector<Piece> pieces;
  for (size_t axis = 0; axis < rank; ++axis)
    pieces.push_back({axis, Piece::Part::kWhole, 1, false});
  return place(pieces, plain.dims);
}

std::string_view letters_of(aclFormat plain_format) {
  const Layout* layout = find_layout(plain_format);
  return layout != nullptr ? layout->order : std::string_view();
}

/// What a padded tensor without an origin was made from, its padding included.
Result<PlainTensor> plain_of_padded(const TensorDesc& source) {
  const std::vector<int64_t>& dims = source.dims();
  const aclFormat format = source.format();
  PlainTensor plain{ACL_FORMAT_ND, {}, {}};
  std::vector<Piece> pieces;
  if (format == ACL_FORMAT_FRACTAL_NZ) {
    if (dims.size() < 4) return cannot_convert(format, dims.size(), "FRACTAL_NZ has 4 dims or more");
    pieces = pieces_of_nz(dims.size() - 2, source.type());
    plain.dims.assign(dims.size() - 2, 1);
  } else {
    const Layout* layout = find_layout(format);
    if (layout == nullptr) return cannot_convert(format, dims.size(), "the layout is not defined");
    if (layout->order.front() == '(')
      return cannot_convert(format, dims.size(),
                            "its dims do not tell the axes; name them with aclSetTensorOriginFormat and "
                            "aclSetTensorOriginShape");
    plain.format = layout->axes == kImage ? ACL_FORMAT_NCHW : ACL_FORMAT_NCDHW;
    plain.letters = layout->axes;
    pieces = pieces_of(*layout, layout->axes, source.type());
    plain.dims.assign(layout->axes.size(), 1);
  }
  if (pieces.size() != dims.size())
    return cannot_convert(format, dims.size(), fmt::format("the format has {} dims", pieces.size()));
  for (size_t i = 0; i < pieces.size(); ++i)
    plain.dims[pieces[i].axis] = product(plain.dims[pieces[i].axis], dims[i]);
  return plain;
}

Result<PlainTensor> plain_of(const TensorDesc& source) {
  const aclFormat format = source.format();
  if (is_plain(format)) return PlainTensor{format, source.dims(), letters_of(format)};
  if (is_plain(source.origin_format) && !source.origin_dims.empty())
    return PlainTensor{source.origin_format, source.origin_dims, letters_of(source.origin_format)};
  return plain_of_padded(source);
}

/// For each index of an axis its offset in bytes.
std::vector<size_t> offsets(const AxisPlace& place, int64_t length, size_t element_bytes) {
  std::vector<size_t> result(static_cast<size_t>(length));
  for (int64_t i = 0; i < length; ++i)
    result[static_cast<size_t>(i)] =
        static_cast<size_t>(i / place.block * place.outer + i % place.block * place.inner) * element_bytes;
  return result;
}

/// Copies the elements from one placement to the other. Both hold all elements of the plain tensor.
void move_elements(const std::vector<int64_t>& dims, const Placement& from, const std::byte* source,
                   const Placement& to, std::byte* target, size_t element_bytes) {
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return;
  std::vector<std::vector<size_t>> read;
  std::vector<std::vector<size_t>> write;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    read.push_back(offsets(from.places[axis], dims[axis], element_bytes));
    write.push_back(offsets(to.places[axis], dims[axis], element_bytes));
  }
  if (dims.empty()) {
    std::memcpy(target, source, element_bytes);
    return;
  }
  const size_t last = dims.size() - 1;
  std::vector<size_t> index(dims.size(), 0);
  while (true) {
    size_t source_offset = 0;
    size_t target_offset = 0;
    for (size_t axis = 0; axis < last; ++axis) {
      source_offset += read[axis][index[axis]];
      target_offset += write[axis][index[axis]];
    }
    for (size_t i = 0; i < read[last].size(); ++i)
      std::memcpy(target + target_offset + write[last][i], source + source_offset + read[last][i],
                  element_bytes);
    size_t axis = last;
    while (axis > 0 && ++index[axis - 1] == read[axis - 1].size())
      index[--axis] = 0;
    if (axis == 0) return;
  }
}

Result<std::vector<std::byte>> convert_constant(const TensorDesc& source, const PlainTensor& plain,
                                                const Placement& from, const Placement& to,
                                                size_t target_bytes) {
  if (source.constant.size() != source.size_bytes() || target_bytes == 0)
    return error(ACL_ERROR_INVALID_PARAM, "COM-054",
                 "the tensor has {} bytes of data (aclSetTensorConst), but its dims want {}",
                 source.constant.size(), source.size_bytes());
  std::vector<std::byte> data(target_bytes);
  move_elements(plain.dims, from, source.constant.data(), to, data.data(), data_type_size(source.type()));
  return data;
}

}  // namespace

int64_t channel_block(aclDataType type) {
  return data_type_size(type) == 1 ? 32 : 16;
}

Result<std::unique_ptr<TensorDesc>> convert_format(const TensorDesc& source, aclFormat target) {
  if (!is_format(target) || target == ACL_FORMAT_UNDEFINED)
    return error(ACL_ERROR_INVALID_PARAM, "COM-054", "dstFormat = {} is no aclFormat",
                 static_cast<int>(target));
  if (source.rank_is_unknown())
    return error(ACL_ERROR_INVALID_PARAM, "COM-054", "the number of dims is unknown (ACL_UNKNOWN_RANK)");
  if (data_type_size(source.type()) == 0)
    return error(ACL_ERROR_UNSUPPORTED_DATA_TYPE, "COM-054",
                 "elements of type {} have no whole number of bytes", data_type_name(source.type()));
  CAIRN_ASSIGN(const PlainTensor plain, plain_of(source));
  CAIRN_ASSIGN(const Placement from, place(source.format(), plain, source.type()));
  CAIRN_ASSIGN(const Placement to, place(target, plain, source.type()));
  if (from.dims != source.dims())
    return cannot_convert(source.format(), source.dims().size(),
                          fmt::format("its origin says that the dims are [{}], they are [{}]",
                                      fmt::join(from.dims, ", "), fmt::join(source.dims(), ", ")));
  CAIRN_ASSIGN(std::unique_ptr<TensorDesc> result, TensorDesc::create(source.type(), to.dims, target));
  if (!source.constant.empty()) {
    CAIRN_ASSIGN(result->constant, convert_constant(source, plain, from, to, result->size_bytes()));
  }
  result->name = source.name;
  result->dynamic_input = source.dynamic_input;
  result->value_ranges = source.value_ranges;
  result->placement = source.placement;
  const bool has_padding = !is_plain(target);
  result->origin_format = has_padding ? plain.format : source.origin_format;
  result->origin_dims = has_padding ? plain.dims : source.origin_dims;
  return result;
}

}  // namespace cairn
