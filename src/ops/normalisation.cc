// Normalisation by means, variances and norms.
#include <array>
#include <cmath>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

/// A vector of channels laid along dim 1 (or the last one) of x.
Value along_channels(const Value& vector, const Value& x, bool channels_last) {
  if (rank_of(vector) != 1) return vector;
  const int64_t rank = rank_of(x);
  std::vector<int64_t> dims(static_cast<size_t>(rank), 1);
  dims[channels_last ? dims.size() - 1 : std::min<size_t>(1, dims.size() - 1)] = -1;
  return reshape(vector, dims);
}

Value normalised(const Value& x, const Value& mean, const Value& variance, float epsilon) {
  return divide(subtract(x, mean), make<v0::Sqrt>(add(variance, epsilon)));
}

bool is_channels_last(std::string_view data_format) {
  return data_format == "NHWC" || data_format == "NDHWC";
}

Values batch_norm(const Arguments& op) {
  const Value x = op.input("x");
  // ND as the format of x says nothing; its name counts where it is known.
  const bool last = op.is_given("data_format")
                        ? is_channels_last(op.text("data_format"))
                        : op.format("x") != ACL_FORMAT_NCHW && op.format("x") != ACL_FORMAT_NCDHW;
  const auto along = [&](const Value& vector) { return convert_like(along_channels(vector, x, last), x); };
  Value mean;
  Value variance;
  if (op.flag("is_training") || !op.has("mean") || !op.has("variance")) {
    std::vector<int64_t> axes;
    for (int64_t i = 0; i < rank_of(x); ++i)
      if (i != (last ? rank_of(x) - 1 : 1)) axes.push_back(i);
    mean = make<v1::ReduceMean>(x, integers(axes), false);
    const Value distance = subtract(x, along(mean));
    variance = make<v1::ReduceMean>(multiply(distance, distance), integers(axes), false);
  } else {
    mean = op.input("mean");
    variance = op.input("variance");
  }
  const Value y = normalised(x, along(mean), along(variance), op.number("epsilon"));
  const Value scaled = add(multiply(y, along(op.input("scale"))), along(op.input("offset")));
  return {scaled, mean, variance, mean, variance};
}

/// Caffe: mean and variance are sums, divided by `momentum`; 0 stands for zeros.
Values inference_of(const Value& x, const Value& mean, const Value& variance, const Value& factor,
                    const Value& scale, const Value& offset, float epsilon) {
  const auto along = [&](const Value& vector) { return along_channels(vector, x, false); };
  Value y;
  if (factor.get_node()) {
    const Value is_zero = equal(factor, number(0, factor));
    const Value inverse = select(is_zero, number(0, factor), divide(number(1, factor), factor));
    y = normalised(x, along(multiply(mean, inverse)), along(multiply(variance, inverse)), epsilon);
  } else {
    y = normalised(x, along(mean), along(variance), epsilon);
  }
  if (scale.get_node()) y = multiply(y, along(scale));
  if (offset.get_node()) y = add(y, along(offset));
  return {y};
}

Values batch_norm_layer(const Arguments& op) {
  return inference_of(op.input("x"), op.input("mean"), op.input("variance"), op.input("momentum"),
                      op.input("scale"), op.input("offset"), op.number("epsilon"));
}

Values batch_norm_layer_attribute(const Arguments& op) {
  return inference_of(op.input("x"), op.input("mean"), op.input("variance"), Value(), op.input("scale"),
                      op.input("b"), op.number("epsilon"));
}

Values batch_norm_infer(const Arguments& op) {
  return inference_of(op.input("x"), op.input("mean"), op.input("variance"), Value(), op.input("scale"),
                      op.input("offset"), op.number("epsilon"));
}

struct Moments {
  Value mean;
  Value variance;
};

/// Over the given axes, which stay with size 1.
Moments moments(const Value& x, const std::vector<int64_t>& axes) {
  const Value mean = make<v1::ReduceMean>(x, integers(axes), true);
  const Value distance = subtract(x, mean);
  return {mean, make<v1::ReduceMean>(multiply(distance, distance), integers(axes), true)};
}

std::vector<int64_t> axes_from(int64_t first, int64_t rank) {
  std::vector<int64_t> axes;
  for (int64_t i = axis_of(first, rank); i < rank; ++i)
    axes.push_back(i);
  return axes;
}

Value one_over_root(const Value& variance, float epsilon) {
  const Value root = make<v0::Sqrt>(add(variance, epsilon));
  return divide(number(1, root), root);
}

Value scaled(const Arguments& op, Value y) {
  if (op.has("gamma")) y = multiply(y, convert_like(op.input("gamma"), y));
  if (op.has("beta")) y = add(y, convert_like(op.input("beta"), y));
  return y;
}

template <bool kRootOfVariance>
Values layer_norm(const Arguments& op) {
  const Value x = op.input("x");
  const Moments found = moments(x, axes_from(op.integer("begin_norm_axis"), rank_of(x)));
  const Value inverse = one_over_root(found.variance, op.number("epsilon"));
  const Value y = scaled(op, multiply(subtract(x, found.mean), inverse));
  return {y, found.mean, kRootOfVariance ? inverse : found.variance};
}

Values layer_norm_v4(const Arguments& op) {
  const Value x = op.input("x");
  const auto count = static_cast<int64_t>(op.constant("normalized_shape").size());
  const Moments found = moments(x, axes_from(-count, rank_of(x)));
  const Value inverse = one_over_root(found.variance, op.number("epsilon"));
  return {scaled(op, multiply(subtract(x, found.mean), inverse)), found.mean, inverse};
}

Values add_layer_norm(const Arguments& op) {
  Value x = add(op.input("x1"), op.input("x2"));
  if (op.has("bias")) x = add(x, op.input("bias"));
  const Moments found = moments(x, axes_from(-rank_of(op.input("gamma")), rank_of(x)));
  const Value inverse = one_over_root(found.variance, op.number("epsilon"));
  return {scaled(op, multiply(subtract(x, found.mean), inverse)), found.mean, inverse, x};
}

Value root_mean_square_inverse(const Value& x, const Value& gamma, float epsilon) {
  const Value mean =
      make<v1::ReduceMean>(multiply(x, x), integers(axes_from(-rank_of(gamma), rank_of(x))), true);
  return one_over_root(mean, epsilon);
}

Values rms_norm(const Arguments& op) {
  const Value x = op.input("x");
  const Value gamma = op.input("gamma");
  const Value inverse = root_mean_square_inverse(x, gamma, op.number("epsilon"));
  return {multiply(multiply(x, inverse), gamma), convert(inverse, ov::element::f32)};
}

Values add_rms_norm(const Arguments& op) {
  const Value x = add(op.input("x1"), op.input("x2"));
  const Value gamma = op.input("gamma");
  const Value inverse = root_mean_square_inverse(x, gamma, op.number("epsilon"));
  return {multiply(multiply(x, inverse), gamma), convert(inverse, ov::element::f32), x};
}

Values group_norm(const Arguments& op) {
  const Value x = op.input("x");
  const bool last = is_channels_last(op.text("data_format")) && op.format("x") != ACL_FORMAT_NCHW;
  std::vector<int64_t> dims = dims_of(x);
  const auto rank = static_cast<int64_t>(dims.size());
  std::vector<int64_t> to_first = {0, rank - 1};
  std::vector<int64_t> to_last = {0};
  for (int64_t i = 1; i < rank - 1; ++i)
    to_first.push_back(i);
  for (int64_t i = 2; i < rank; ++i)
    to_last.push_back(i);
  to_last.push_back(1);
  const Value channels_first = last ? transpose(x, to_first) : x;
  const int64_t groups = op.integer("num_groups");
  const int64_t channels = dims_of(channels_first)[1];
  if (groups < 1 || channels % groups != 0) refuse("num_groups is {}, x has {} channels", groups, channels);
  const Value grouped = reshape(channels_first, {0, groups, -1}, true);
  const Moments found = moments(grouped, {2});
  Value y = normalised(grouped, found.mean, found.variance, op.number("eps"));
  y = make<v1::Reshape>(y, shape_of(channels_first), false);
  y = multiply(y, along_channels(op.input("gamma"), channels_first, false));
  y = add(y, along_channels(op.input("beta"), channels_first, false));
  return {last ? transpose(y, to_last) : y, squeeze(found.mean, {2}), squeeze(found.variance, {2})};
}

/// Sums over all but the channels.
Values batch_sums(const Arguments& op) {
  const Value x = op.input("x");
  std::vector<int64_t> axes;
  for (int64_t i = 0; i < rank_of(x); ++i)
    if (i != 1) axes.push_back(i);
  return {make<v1::ReduceSum>(x, integers(axes), false),
          make<v1::ReduceSum>(multiply(x, x), integers(axes), false)};
}

/// NCHW; the statistics are those of each group.
Values group_norm_silu(const Arguments& op) {
  const Value x = op.input("x");
  const int64_t groups = op.integer("num_groups");
  const int64_t channels = dims_of(x)[1];
  if (groups < 1 || channels % groups != 0) refuse("num_groups is {}, x has {} channels", groups, channels);
  const Value grouped = reshape(x, {0, groups, -1}, true);
  const Moments found = moments(grouped, {2});
  const Value inverse = one_over_root(found.variance, op.number("eps"));
  Value y = make<v1::Reshape>(multiply(subtract(grouped, found.mean), inverse), shape_of(x), false);
  y = multiply(y, along_channels(op.input("gamma"), x, false));
  y = add(y, along_channels(op.input("beta"), x, false));
  if (op.flag("activate_silu")) y = multiply(y, make<v0::Sigmoid>(y));
  return {y, squeeze(found.mean, {2}), squeeze(inverse, {2})};
}

Values instance_norm(const Arguments& op) {
  const Value x = op.input("x");
  const bool last = is_channels_last(op.text("data_format")) && op.format("x") != ACL_FORMAT_NCHW &&
                    op.format("x") != ACL_FORMAT_NCDHW;
  std::vector<int64_t> axes;
  for (int64_t i = 1; i < rank_of(x); ++i)
    if (i != (last ? rank_of(x) - 1 : 1)) axes.push_back(i);
  const Moments found = moments(x, axes);
  Value y = normalised(x, found.mean, found.variance, op.number("epsilon"));
  y = multiply(y, along_channels(op.input("gamma"), x, last));
  return {add(y, along_channels(op.input("beta"), x, last)), found.mean, found.variance};
}

/// Over 2 * depth_radius + 1 channels, alpha as it stands (not divided by their number).
Values local_response(const Arguments& op) {
  const Value x = op.input("x");
  const bool within = op.text("norm_region") == "WITHIN_CHANNEL";
  if (!within && op.text("norm_region") != "ACROSS_CHANNELS")
    refuse("norm_region is {}, allowed are ACROSS_CHANNELS and WITHIN_CHANNEL", op.text("norm_region"));
  const int64_t radius = op.integer("depth_radius");
  if (radius < 0 || radius > 10000) refuse("depth_radius is {}", radius);
  const auto size = static_cast<size_t>(2 * radius + 1);
  if (!within)
    // The engine divides alpha by the number of channels.
    return {make<v0::LRN>(x, integers({1}), op.number("alpha") * static_cast<double>(size), op.number("beta"),
                          op.number("bias"), size)};
  if (rank_of(x) != 4) refuse("x has {} dims, it must have 4", rank_of(x));
  const ov::Shape pads = {static_cast<size_t>(radius), static_cast<size_t>(radius)};
  const Value mean =
      make<v1::AvgPool>(multiply(x, x), ov::Strides{1, 1}, pads, pads, ov::Shape{size, size}, false);
  const Value sum = multiply(mean, static_cast<double>(size * size));
  const Value scale = add(multiply(sum, op.number("alpha")), op.number("bias"));
  return {divide(x, make<v1::Power>(scale, number(op.number("beta"), scale)))};
}

/// Caffe's MVN: over the plane, or over channels and plane.
Values mean_variance_layer(const Arguments& op) {
  const Value x = op.input("x");
  std::vector<int64_t> axes;
  for (int64_t i = op.flag("across_channels") ? 1 : 2; i < rank_of(x); ++i)
    axes.push_back(i);
  const Moments found = moments(x, axes);
  const Value centred = subtract(x, found.mean);
  if (!op.flag("normalize_variance")) return {centred};
  return {divide(centred, add(make<v0::Sqrt>(found.variance), op.number("eps")))};
}

Values mean_variance_axes(const Arguments& op) {
  const Value x = op.input("x");
  const Moments found = moments(x, op.integers("axes"));
  return {divide(subtract(x, found.mean), add(make<v0::Sqrt>(found.variance), op.number("eps")))};
}

/// SSD's Normalize: by the norm over the channels, or over channels and plane; then scaled.
Values normalize_layer(const Arguments& op) {
  const Value x = op.input("x1");
  std::vector<int64_t> axes = {1};
  if (op.flag("across_spatial"))
    for (int64_t i = 2; i < rank_of(x); ++i)
      axes.push_back(i);
  const Value sum = make<v1::ReduceSum>(multiply(x, x), integers(axes), true);
  const Value unit = divide(x, make<v0::Sqrt>(add(sum, op.number("eps"))));
  const Value scale = op.input("x2");
  return {multiply(unit, op.flag("channel_shared") ? scale : along_channels(reshape(scale, {-1}), x, false))};
}

Value norm(const Value& x, float power, std::vector<int64_t> axes, bool keep_dims) {
  if (axes.empty()) axes = axes_from(0, rank_of(x));
  const Value over = integers(axes);
  if (power == 2) return make<v4::ReduceL2>(x, over, keep_dims);
  if (power == 1) return make<v4::ReduceL1>(x, over, keep_dims);
  const Value absolute = make<v0::Abs>(x);
  if (power == 0)
    return make<v1::ReduceSum>(convert_like(make<v1::NotEqual>(x, number(0, x)), x), over, keep_dims);
  if (std::isinf(power))
    return power > 0 ? make<v1::ReduceMax>(absolute, over, keep_dims)
                     : make<v1::ReduceMin>(absolute, over, keep_dims);
  const Value sum = make<v1::ReduceSum>(make<v1::Power>(absolute, number(power, x)), over, keep_dims);
  return make<v1::Power>(sum, number(1.0 / power, x));
}

Values norm_integer(const Arguments& op) {
  return {norm(op.input("x"), static_cast<float>(op.integer("p")), op.integers("axes"), op.flag("keepdim"))};
}

Values norm_float(const Arguments& op) {
  return {norm(op.input("x"), op.number("p"), op.integers("axes"), op.flag("keepdim"))};
}

/// x / sqrt(max(sum of squares, eps)).
Values l2_normalize(const Arguments& op) {
  const Value x = op.input("x");
  std::vector<int64_t> axes = op.integers("axis");
  if (axes.empty()) axes = axes_from(0, rank_of(x));
  const Value sum = make<v1::ReduceSum>(multiply(x, x), integers(axes), true);
  return {divide(x, make<v0::Sqrt>(make<v1::Maximum>(sum, number(op.number("eps"), sum))))};
}

constexpr std::string_view kFloats = "f16 f32 bf16 f64";
constexpr std::string_view kAxes = "begin_norm_axis Int=0; begin_params_axis Int=0; epsilon Float=1e-7";
constexpr std::string_view kAxesV3 = "begin_norm_axis Int=0; begin_params_axis Int=0; epsilon Float=1e-5";
constexpr std::string_view kStatistics = "use_global_stats Bool=true; mode Int=1; epsilon Float=1e-5";

constexpr std::array kEntries = std::to_array<Entry>({
    {"AddLayerNorm", "x1, x2, gamma, beta, bias?", "y, mean, rstd, x",
     "epsilon Float=1e-5; additional_output Bool=false", kFloats, add_layer_norm},
    {"AddRmsNorm", "x1, x2, gamma", "y, rstd: f32, x", "epsilon Float=1e-6", kFloats, add_rms_norm},
    {"BNInfer", "x, scale, offset, mean, variance", "y", "epsilon Float", kFloats, batch_norm_infer},
    {"BNInference", "x, mean, variance, momentum, scale?, offset?", "y", kStatistics, kFloats,
     batch_norm_layer},
    {"BNInferenceD", "x, mean, variance, scale?, b?", "y",
     "momentum Float=0.9; epsilon Float=1e-5; use_global_stats Bool=true; mode Int=1", kFloats,
     batch_norm_layer_attribute},
    {"BatchNorm", "x, scale, offset, mean?, variance?",
     "y, batch_mean, batch_variance, reserve_space_1, reserve_space_2, reserve_space_3",
     "epsilon Float=0.0001; data_format String=NHWC; is_training Bool=true; exponential_avg_factor Float=1.0",
     kFloats, batch_norm},
    {"BNTrainingReduce", "x", "sum, square_sum", "epsilon Float=0.0001", "f16 f32", batch_sums},
    {"GroupNormSilu", "x, gamma, beta", "y, mean, rstd",
     "num_groups Int; eps Float=1e-5; activate_silu Bool=true", kFloats, group_norm_silu},
    {"GroupNorm", "x, gamma, beta", "y, mean, variance",
     "num_groups Int; data_format String=NHWC; eps Float=0.0001; is_training Bool=true", kFloats, group_norm},
    {"InstanceNorm", "x, gamma, beta", "y, mean, variance", "data_format String=NDHWC; epsilon Float=1e-6",
     kFloats, instance_norm},
    {"L2Normalize", "x", "y", "axis [int]={}; eps Float=1e-4", "f16 f32", l2_normalize},
    {"LRN", "x", "y",
     "depth_radius Int=5; bias Float=1.0; alpha Float=1.0; beta Float=0.5; norm_region "
     "String=ACROSS_CHANNELS",
     "f16 f32", local_response},
    {"LayerNorm", "x, gamma, beta", "y, mean, variance", kAxes, kFloats, layer_norm<false>},
    {"LayerNormV3", "x, gamma, beta", "y, mean, rstd", kAxesV3, kFloats, layer_norm<true>},
    {"LayerNormV4", "x, normalized_shape: Index, gamma?, beta?", "y, mean, rstd", "epsilon Float=1e-5",
     kFloats, layer_norm_v4},
    {"LpNorm", "x", "y", "p Int=2; axes [int]={}; keepdim Bool=false; epsilon Float=1e-12", kFloats,
     norm_integer},
    {"LpNormV2", "x", "y", "p Float=2.0; axes [int]={}; keepdim Bool=false; epsilon Float=1e-12", kFloats,
     norm_float},
    {"MVN", "x", "y", "normalize_variance Bool=true; across_channels Bool=false; eps Float=1e-9", "f16 f32",
     mean_variance_layer},
    {"MVNV2", "x", "y", "eps Float=1e-9; axes [int]={0, 2, 3}", "f16 f32", mean_variance_axes},
    {"Normalize", "x1, x2", "y", "across_spatial Bool=true; channel_shared Bool=true; eps Float=1e-10",
     "f16 f32", normalize_layer},
    {"RmsNorm", "x, gamma", "y, rstd: f32", "epsilon Float=1e-6", kFloats, rms_norm},
});

}  // namespace

std::span<const Entry> normalisation_operators() {
  return kEntries;
}

}  // namespace cairn::ops
