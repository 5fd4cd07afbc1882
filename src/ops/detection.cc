// Boxes: priors, proposals, what is kept of them, and pooling over regions.
#include <array>
#include <cmath>
#include <limits>

#include "ops/families.h"
#include "ops/nodes.h"

namespace cairn::ops {
namespace {

using namespace ov::op;

/// SSD's boxes in the order of Caffe: for each place the smallest square, the one between smallest and
/// largest, and those of the aspect ratios.
class PriorBoxes {
 public:
  PriorBoxes(const Arguments& op, int64_t height, int64_t width, int64_t image_height, int64_t image_width)
      : op_(op), height_(height), width_(width), image_height_(image_height), image_width_(image_width) {
    ratios_ = {1.0F};
    for (const float ratio : op.numbers("aspect_ratio")) {
      if (!(ratio > 0)) refuse("aspect_ratio has a value of {}, it must be greater than 0", ratio);
      add_ratio(ratio);
      if (op.flag("flip")) add_ratio(1.0F / ratio);
    }
    const std::vector<float>& smallest = op.numbers("min_size");
    const std::vector<float>& largest = op.numbers("max_size");
    if (smallest.empty()) refuse("min_size is empty");
    if (!largest.empty() && largest.size() != smallest.size())
      refuse("max_size has {} values, min_size {}", largest.size(), smallest.size());
    variance_ = op.numbers("variance");
    if (variance_.size() != 1 && variance_.size() != 4)
      refuse("variance has {} values, it must have 1 or 4", variance_.size());
    boxes_per_place_ = static_cast<int64_t>(smallest.size() * ratios_.size() + largest.size());
    constexpr int64_t kMost = 10'000'000;
    check_elements(height_, width_);
    if (boxes_per_place_ > kMost / std::max<int64_t>(height_ * width_, 1))
      refuse("it makes more than {} boxes", kMost);
  }

  /// [1, 2, boxes * 4]: corners, then variances.
  Value build(const Value& like) {
    corners_.reserve(static_cast<size_t>(boxes_per_place_ * height_ * width_ * 8));
    const float step_x = step("step_w", image_width_, width_);
    const float step_y = step("step_h", image_height_, height_);
    const float offset = op_.number("offset");
    for (int64_t y = 0; y < height_; ++y)
      for (int64_t x = 0; x < width_; ++x)
        add_place((static_cast<float>(x) + offset) * step_x, (static_cast<float>(y) + offset) * step_y);
    if (op_.flag("clip"))
      for (float& corner : corners_)
        corner = std::clamp(corner, 0.0F, 1.0F);
    const size_t count = corners_.size();
    for (size_t i = 0; i < count; ++i)
      corners_.push_back(variance_.size() == 1 ? variance_[0] : variance_[i % 4]);
    return convert_like(make<v0::Constant>(ov::element::f32, ov::Shape{1, 2, count}, corners_), like);
  }

 private:
  void add_ratio(float ratio) {
    for (const float known : ratios_)
      if (std::fabs(ratio - known) < 1e-6F) return;
    ratios_.push_back(ratio);
  }
  float step(std::string_view name, int64_t image, int64_t feature) const {
    const float given = op_.number(name);
    return given > 0 ? given : static_cast<float>(image) / static_cast<float>(feature);
  }
  void add_box(float x, float y, float width, float height) {
    const auto image_width = static_cast<float>(image_width_);
    const auto image_height = static_cast<float>(image_height_);
    corners_.push_back((x - width / 2) / image_width);
    corners_.push_back((y - height / 2) / image_height);
    corners_.push_back((x + width / 2) / image_width);
    corners_.push_back((y + height / 2) / image_height);
  }
  void add_place(float x, float y) {
    const std::vector<float>& smallest = op_.numbers("min_size");
    const std::vector<float>& largest = op_.numbers("max_size");
    for (size_t i = 0; i < smallest.size(); ++i) {
      add_box(x, y, smallest[i], smallest[i]);
      if (!largest.empty()) {
        const float between = std::sqrt(smallest[i] * largest[i]);
        add_box(x, y, between, between);
      }
      for (size_t k = 1; k < ratios_.size(); ++k)
        add_box(x, y, smallest[i] * std::sqrt(ratios_[k]), smallest[i] / std::sqrt(ratios_[k]));
    }
  }

  const Arguments& op_;
  int64_t height_;
  int64_t width_;
  int64_t image_height_;
  int64_t image_width_;
  std::vector<float> ratios_;
  std::vector<float> variance_;
  std::vector<float> corners_;
  int64_t boxes_per_place_ = 0;
};

Values prior_box(const Arguments& op) {
  const Value x = op.input("x");
  const auto side = [](const Value& value, size_t axis) {
    const ov::PartialShape& shape = value.get_partial_shape();
    if (shape.rank().is_dynamic() || shape.size() != 4) refuse("an input does not have 4 dims");
    if (shape[axis].is_dynamic()) refuse("height or width of an input is only known when the model runs");
    return shape[axis].get_length();
  };
  const Value image = op.input("img");
  const int64_t height = op.integer("img_h") > 0 ? op.integer("img_h") : side(image, 2);
  const int64_t width = op.integer("img_w") > 0 ? op.integer("img_w") : side(image, 3);
  return {PriorBoxes(op, side(x, 2), side(x, 3), height, width).build(x)};
}

struct Detection {
  Value boxes;   ///< [N, priors * 4 (* classes)].
  Value scores;  ///< [N, priors * classes].
  Value priors;  ///< [1 or N, 2, priors * 4].
};

Detection detection_inputs(const Arguments& op) {
  const auto rows = [](const Value& value) { return reshape(value, {0, -1}, true); };
  return {rows(op.input("bbox_delta")), rows(op.input("score")),
          reshape(op.input("anchors"), {0, 2, -1}, true)};
}

v8::DetectionOutput::Attributes detection_attributes(const Arguments& op, int64_t keep) {
  v8::DetectionOutput::Attributes attrs;
  attrs.background_label_id = static_cast<int>(op.integer("background_label_id"));
  attrs.top_k = static_cast<int>(op.integer("top_k"));
  attrs.variance_encoded_in_target = op.flag("variance_encoded_in_target");
  attrs.keep_top_k = {static_cast<int>(keep)};
  const int64_t code = op.integer("code_type");
  if (code != 1 && code != 2) refuse("code_type is {}, supported are 1 (CORNER) and 2 (CENTER_SIZE)", code);
  attrs.code_type = code == 1 ? "caffe.PriorBoxParameter.CORNER" : "caffe.PriorBoxParameter.CENTER_SIZE";
  attrs.share_location = op.flag("share_location");
  attrs.nms_threshold = op.number("iou_threshold");
  attrs.confidence_threshold = op.number("confidence_threshold");
  attrs.normalized = true;
  if (op.number("eta") != 1) refuse("eta is {}, supported is 1", op.number("eta"));
  return attrs;
}

/// Caffe's own form: [1, 1, N * keep_top_k, 7] rows of image, label, score and corners; -1 as image ends
/// them.
Values detection_output(const Arguments& op) {
  const Detection in = detection_inputs(op);
  const int64_t keep = op.integer("keep_top_k");
  if (keep < 1) refuse("keep_top_k is {}, it must be greater than 0", keep);
  return {make<v8::DetectionOutput>(in.boxes, in.scores, in.priors, detection_attributes(op, keep))};
}

/// For each image the count of its boxes, and [keep_top_k rounded up to 128, 8] rows of image, label, score,
/// corners and a zero.
Values ssd_detection_output(const Arguments& op) {
  const Detection in = detection_inputs(op);
  constexpr int64_t kDefaultKeep = 1024;
  constexpr int64_t kRows = 128;
  const int64_t keep = op.integer("keep_top_k") > 0 ? op.integer("keep_top_k") : kDefaultKeep;
  const int64_t rows = (keep + kRows - 1) / kRows * kRows;
  const int64_t images = dims_of(in.boxes)[0];
  const int64_t prior_images = dims_of(in.priors)[0];
  const v8::DetectionOutput::Attributes attrs = detection_attributes(op, keep);
  Values counts;
  Values boxes;
  for (int64_t i = 0; i < images; ++i) {
    const auto part = [&](const Value& value) { return images == 1 ? value : slice(value, 0, i, i + 1); };
    const Value priors = prior_images == 1 ? in.priors : part(in.priors);
    const Value found =
        reshape(make<v8::DetectionOutput>(part(in.boxes), part(in.scores), priors, attrs), {keep, 7});
    const Value image = slice(found, 1, 0, 1);
    // Rows behind the one with -1 have no meaning.
    const Value ends = convert(less(image, number(0, image)), ov::element::i32);
    const Value is_good = equal(make<v0::CumSum>(ends, integer(0)), number(0, ends));
    counts.push_back(make<v1::ReduceSum>(convert(is_good, ov::element::i32), integers({0}), true));
    const Value clean = select(is_good, found, number(0, found));
    const Value index = multiply(convert_like(is_good, found), static_cast<double>(i));
    const Value row = concat({index, slice(clean, 1, 1, 7)}, 1);
    boxes.push_back(make<v1::Pad>(row, integers({0, 0}), integers({rows - keep, 1}), number(0, row),
                                  ov::op::PadMode::CONSTANT));
  }
  const auto stacked = [](Values parts) {
    for (Value& part : parts)
      part = unsqueeze(part, {0});
    return parts.size() == 1 ? parts[0] : concat(parts, 0);
  };
  const Value count = reshape(stacked(counts), {images, 1});
  const Value count_row =
      make<v1::Pad>(count, integers({0, 0}), integers({0, 7}), number(0, count), ov::op::PadMode::CONSTANT);
  return {count_row, stacked(boxes)};
}

struct Suppression {
  Value boxes;   ///< [batches, boxes, 4].
  Value scores;  ///< [batches, classes, boxes].
  Value most;    ///< In each class.
  Value overlap;
  Value least_score;
  bool by_centre = false;
};

/// Rows of batch, class and box of the boxes that overlap none with a higher score by more than `overlap`.
Value suppress(const Suppression& in) {
  using Encoding = v9::NonMaxSuppression::BoxEncodingType;
  const auto as_f32 = [](const Value& value) { return convert(value, ov::element::f32); };
  return make<v9::NonMaxSuppression>(
      as_f32(in.boxes), as_f32(in.scores), convert(scalar(in.most), ov::element::i64),
      as_f32(scalar(in.overlap)), as_f32(scalar(in.least_score)),
      in.by_centre ? Encoding::CENTER : Encoding::CORNER, false, ov::element::i32);
}

Value float_constant(float value) {
  return make<v0::Constant>(ov::element::f32, ov::Shape{}, std::vector<float>{value});
}

/// TensorFlow: boxes [N, 4], scores [N]; the numbers of the boxes that stay.
Values kept_boxes(const Arguments& op, const Value& overlap, const Value& least_score) {
  const Value rows = suppress({unsqueeze(op.input("boxes"), {0}), unsqueeze(op.input("scores"), {0, 1}),
                               op.input("max_output_size"), overlap, least_score, false});
  return {squeeze(slice(rows, 1, 2, 3), {1})};
}

Values suppress_attribute(const Arguments& op) {
  return kept_boxes(op, float_constant(op.number("iou_threshold")),
                    float_constant(-std::numeric_limits<float>::infinity()));
}

Values suppress_inputs(const Arguments& op) {
  if (op.integer("offset") != 0) refuse("offset is {}, supported is 0", op.integer("offset"));
  return kept_boxes(op, op.input("iou_threshold"), op.input("score_threshold"));
}

/// ONNX. Without max_output_size nothing stays.
Values suppress_classes(const Arguments& op) {
  if (op.integer("max_boxes_size") != 0) refuse("max_boxes_size is not supported");
  if (op.signature().find_input("index_id") && op.has("index_id")) refuse("index_id is not supported");
  const auto given = [&](std::string_view port, float otherwise) {
    return op.has(port) ? op.input(port) : float_constant(otherwise);
  };
  return {
      suppress({op.input("boxes"), op.input("scores"),
                op.has("max_output_size") ? op.input("max_output_size") : integer(0),
                given("iou_threshold", 0), given("score_threshold", -std::numeric_limits<float>::infinity()),
                op.integer("center_point_box") != 0})};
}

/// Rows of image and corners, [R, 5]; GE also writes [N, 5, R].
Value region_rows(const Value& rois) {
  if (rank_of(rois) != 3) return reshape(rois, {-1, 5});
  return reshape(transpose(rois, {0, 2, 1}), {-1, 5});
}

ov::Shape pooled_size(const Arguments& op, std::string_view height, std::string_view width) {
  const int64_t h = op.integer(height);
  const int64_t w = op.integer(width);
  if (h < 1 || w < 1 || h > 4096 || w > 4096)
    refuse("{} and {} are {} and {}, allowed are 1 to 4096", height, width, h, w);
  return {static_cast<size_t>(h), static_cast<size_t>(w)};
}

Values roi_pooling(const Arguments& op) {
  if (op.number("spatial_scale_h") != op.number("spatial_scale_w"))
    refuse("spatial_scale_h and spatial_scale_w differ, which is not supported");
  return {make<v0::ROIPooling>(op.input("x"), region_rows(op.input("rois")),
                               pooled_size(op, "pooled_h", "pooled_w"), op.number("spatial_scale_h"), "max")};
}

Values position_sensitive_roi_pooling(const Arguments& op) {
  const int64_t dim = op.integer("output_dim");
  const int64_t group = op.integer("group_size");
  if (dim < 1 || group < 1)
    refuse("output_dim and group_size are {} and {}, they must be greater than 0", dim, group);
  return {make<v0::PSROIPooling>(op.input("x"), region_rows(op.input("rois")), static_cast<size_t>(dim),
                                 static_cast<size_t>(group), op.number("spatial_scale"), 1, 1, "average")};
}

/// roi_end_mode 1 and 0 differ in whether the last element of a region belongs to it; 2 moves it by half an
/// element.
Values roi_align(const Arguments& op) {
  const Value rows = region_rows(op.input("rois"));
  const Value image = convert(reshape(slice(rows, 1, 0, 1), {-1}), ov::element::i32);
  Value corners = slice(rows, 1, 1, 5);
  const int64_t end_mode = op.integer("roi_end_mode");
  if (end_mode == 1) {
    // The far corner lies one element further.
    const Value one =
        make<v0::Constant>(corners.get_element_type(), ov::Shape{1, 4}, std::vector<float>{0, 0, 1, 1});
    corners = add(corners, one);
  } else if (end_mode != 0 && end_mode != 2) {
    refuse("roi_end_mode is {}, supported are 0, 1 and 2", end_mode);
  }
  const ov::Shape size = pooled_size(op, "pooled_height", "pooled_width");
  const auto mode =
      op.text("pool_mode") == "max" ? v9::ROIAlign::PoolingMode::MAX : v9::ROIAlign::PoolingMode::AVG;
  const auto aligned =
      end_mode == 2 ? v9::ROIAlign::AlignedMode::HALF_PIXEL_FOR_NN : v9::ROIAlign::AlignedMode::ASYMMETRIC;
  return {make<v9::ROIAlign>(op.input("features"), corners, image, static_cast<int>(size[0]),
                             static_cast<int>(size[1]), static_cast<int>(op.integer("sample_num")),
                             op.number("spatial_scale"), mode, aligned)};
}

/// rois [N, 5, post_nms_topn], and how many there are, [N, 8].
Values proposal(const Arguments& op) {
  v4::Proposal::Attributes attrs;
  const auto size = [&](std::string_view name) {
    const float value = op.number(name);
    if (!(value >= 0) || value > 65536) refuse("{} is {}", name, value);
    return static_cast<size_t>(value);
  };
  const auto count = [&](std::string_view name) {
    const int64_t value = op.integer(name);
    if (value < 1 || value > 1'000'000) refuse("{} is {}", name, value);
    return static_cast<size_t>(value);
  };
  attrs.base_size = size("base_size");
  attrs.feat_stride = size("feat_stride");
  attrs.min_size = size("min_size");
  attrs.pre_nms_topn = count("pre_nms_topn");
  attrs.post_nms_topn = count("post_nms_topn");
  attrs.nms_thresh = op.number("iou_threshold");
  attrs.ratio = op.numbers("ratio");
  attrs.scale = op.numbers("scale");
  attrs.infer_probs = true;
  Value info = op.input("im_info");
  if (rank_of(info) > 1) info = reshape(info, {-1});
  if (dims_of(info).size() != 1 || dims_of(info)[0] < 3)
    refuse("im_info has {} values, it needs 3", dims_of(info)[0]);
  if (dims_of(info)[0] > 4) info = slice(info, 0, 0, 3);
  const auto found =
      std::make_shared<v4::Proposal>(op.input("cls_prob"), op.input("bbox_delta"), info, attrs);
  const Value rois = found->output(0);
  const auto top = static_cast<int64_t>(attrs.post_nms_topn);
  const Value by_image = reshape(rois, {-1, top, 5});
  // Rows behind the last proposal are zeros.
  const Value sides = make<v1::ReduceMax>(make<v0::Abs>(slice(by_image, 2, 1, 5)), integers({2}), false);
  const Value is_used = greater(sides, number(0, sides));
  const Value used = make<v1::ReduceSum>(convert(is_used, ov::element::i32), integers({1}), true);
  const Value counts = make<v0::Tile>(used, integers({1, 8}));
  return {transpose(by_image, {0, 2, 1}), counts};
}

/// Caffe's [0, 1, 1 ...]: no sequence goes on at its first step.
Values continuation_indicator(const Arguments& op) {
  const int64_t steps = op.integer("time_step");
  const int64_t batch = op.integer("batch_size");
  if (steps < 1 || batch < 1 || steps > 1'000'000 || batch > 1'000'000)
    refuse("time_step and batch_size are {} and {}", steps, batch);
  check_elements(steps, batch);
  std::vector<float> flags(static_cast<size_t>(steps * batch), 1.0F);
  std::fill_n(flags.begin(), batch, 0.0F);
  return {make<v0::Constant>(ov::element::f32,
                             ov::Shape{static_cast<size_t>(steps), static_cast<size_t>(batch)}, flags)};
}

constexpr std::string_view kDetection =
    "num_classes Int=2; share_location Bool=true; background_label_id Int=0; iou_threshold Float=0.3; top_k "
    "Int=200; "
    "eta Float=1.0; variance_encoded_in_target Bool=false; code_type Int=1; keep_top_k Int=-1; "
    "confidence_threshold Float=0.0";

constexpr std::array kEntries = std::to_array<Entry>({
    {"ContinuationIndicator", "", "y: f32", "time_step Int; batch_size Int", "f32", continuation_indicator},
    {"DetectionOutput", "bbox_delta, score, anchors", "y", kDetection, "f32 f16", detection_output},
    {"NonMaxSuppression", "boxes, scores, max_output_size: i32", "selected_indices: i32",
     "iou_threshold Float=0.5", "f32", suppress_attribute},
    {"NonMaxSuppressionV3", "boxes, scores, max_output_size: i32, iou_threshold, score_threshold",
     "selected_indices: i32", "offset Int=0", "f16 f32", suppress_inputs},
    {"NonMaxSuppressionV6",
     "boxes, scores, max_output_size?: Index, iou_threshold?: f32, score_threshold?: f32",
     "selected_indices: i32", "center_point_box Int=0; max_boxes_size Int=0", "f16 f32", suppress_classes},
    {"NonMaxSuppressionV7",
     "boxes, scores, max_output_size?: Index, iou_threshold?: f32, score_threshold?: f32, index_id?: f16",
     "selected_indices: i32", "center_point_box Int=0; max_boxes_size Int=0", "f16 f32", suppress_classes},
    {"PSROIPooling", "x, rois", "y", "output_dim Int; group_size Int; spatial_scale Float", "f32 f16",
     position_sensitive_roi_pooling},
    {"PriorBox", "x, img", "y",
     "min_size [float]; max_size [float]={}; aspect_ratio [float]={}; img_h Int=0; img_w Int=0; step_h "
     "Float=0.0; "
     "step_w Float=0.0; flip Bool=true; clip Bool=false; offset Float=0.5; variance [float]={0.1}",
     "f16 f32", prior_box},
    {"Proposal", "cls_prob, bbox_delta, im_info", "rois, actual_rois_num: i32",
     "feat_stride Float=16; base_size Float=16; min_size Float=16; ratio [float]={0.5, 1, 2}; "
     "scale [float]={8, 16, 32}; pre_nms_topn Int=3000; post_nms_topn Int=304; iou_threshold Float=0.7; "
     "output_actual_rois_num Bool=false",
     "f16 f32", proposal},
    {"ROIAlign", "features, rois, rois_n?: i32", "y",
     "spatial_scale Float; pooled_height Int; pooled_width Int; sample_num Int=2; roi_end_mode Int=1; "
     "pool_mode String=avg",
     "f16 f32", roi_align},
    {"ROIPooling", "x, rois, roi_actual_num?: i32", "y",
     "pooled_h Int; pooled_w Int; spatial_scale_h Float; spatial_scale_w Float", "f16 f32", roi_pooling},
    {"SSDDetectionOutput", "bbox_delta, score, anchors", "out_boxnum: i32, y", kDetection, "f32 f16",
     ssd_detection_output},
});

}  // namespace

std::span<const Entry> detection_operators() {
  return kEntries;
}

}  // namespace cairn::ops
