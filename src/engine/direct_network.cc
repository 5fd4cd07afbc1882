#include "engine/direct_network.h"

#include <algorithm>
#include <array>
#include <map>
#include <openvino/op/ops.hpp>
#include <optional>
#include <string_view>

#include "direct/axis_stages.h"
#include "direct/element_stage.h"
#include "direct/move_stage.h"
#include "engine/element_network.h"
#include "engine/engine_types.h"
#include "engine/matrix_stage.h"
#include "tensor/data_type.h"

namespace cairn {
namespace {

using direct::BufferId;
using direct::Move;
using direct::Program;
using direct::Reduction;
using element::ElementProgram;
using element::Function;
using element::Source;
using Value = ov::Output<ov::Node>;
using Dims = std::vector<int64_t>;
namespace op = ov::op;

int64_t product_of(const Dims& dims, size_t begin, size_t end) {
  int64_t product = 1;
  for (size_t i = begin; i < end; ++i)
    product *= dims[i];
  return product;
}
int64_t product_of(const Dims& dims) {
  return product_of(dims, 0, dims.size());
}

/// In elements, of a tensor without gaps.
Dims strides_of(const Dims& dims) {
  Dims strides(dims.size(), 1);
  for (size_t i = dims.size(); i-- > 1;)
    strides[i - 1] = strides[i] * dims[i];
  return strides;
}

/// From a box of `dims` with these strides to a tensor without gaps.
Move move_to_whole(const Dims& dims, const Dims& from_strides, int64_t from = 0) {
  const Dims strides = strides_of(dims);
  Move move{0, from, 0, {}};
  for (size_t i = 0; i < dims.size(); ++i)
    move.axes.push_back({dims[i], from_strides[i], strides[i]});
  return move;
}

std::optional<Dims> constant_of(const Value& value) {
  const auto* const constant = ov::as_type<const op::v0::Constant>(value.get_node());
  if (constant == nullptr) return std::nullopt;
  return constant->cast_vector<int64_t>();
}

/// A tensor as [outer, n, inner].
struct Split3 {
  size_t outer;
  size_t n;
  size_t inner;
};

Split3 split_at(const Dims& dims, size_t axis) {
  return {static_cast<size_t>(product_of(dims, 0, axis)), static_cast<size_t>(dims[axis]),
          static_cast<size_t>(product_of(dims, axis + 1, dims.size()))};
}

class Translation {
 public:
  explicit Translation(const ov::Model& network) : network_(network) {}

  std::shared_ptr<const Program> run() {
    for (const auto& parameter : network_.get_parameters()) {
      const Value value = parameter->output(0);
      const aclDataType type = acl_type_of(value.get_element_type());
      if (data_type_size(type) == 0) return nullptr;
      buffers_[value] = program_.add_input(type, bytes_of(value, type));
    }
    if (!add_element_results()) return nullptr;
    for (const auto& result : network_.get_results())
      if (!add_output(result->input_value(0))) return nullptr;
    if (!program_.finish()) return nullptr;
    return std::make_shared<const Program>(std::move(program_));
  }

 private:
  using Build = bool (Translation::*)(const ov::Node&);
  struct Builder {
    std::string_view node;
    Build build;
  };
  struct NamedReduction {
    std::string_view node;
    Reduction reduction;
  };

  static size_t bytes_of(const Value& value, aclDataType type) {
    return ov::shape_size(value.get_shape()) * data_type_size(type);
  }
  /// Of what a stage computes: half floats between two stages are not rounded.
  static aclDataType computed_type_of(const Value& value) {
    return element::computed_type(acl_type_of(value.get_element_type()));
  }
  /// Behind all nodes that change neither shape nor elements.
  static Value seen_through(Value value) {
    while (is_view(*value.get_node()) && value.get_node()->get_input_shape(0) == value.get_shape())
      value = value.get_node()->input_value(0);
    return value;
  }

  // Results.

  /// Results that work element by element, of one shape, are one stage.
  bool add_element_results() {
    std::map<ov::Shape, std::vector<ElementResult>> by_shape;
    for (const auto& result : network_.get_results()) {
      const Value value = seen_through(result->input_value(0));
      if (is_element_node(*value.get_node()))
        by_shape[value.get_shape()].push_back({value, acl_type_of(value.get_element_type())});
    }
    return std::ranges::all_of(by_shape, [&](const auto& group) { return add_elements(group.second); });
  }

  bool add_output(const Value& value) {
    const std::optional<BufferId> buffer = buffer_of(value);
    if (!buffer) return false;
    const aclDataType type = acl_type_of(value.get_element_type());
    if (program_.type_of(*buffer) != type) return program_.add_output(converted(*buffer, type));
    if (program_.add_output(*buffer)) return true;
    const Dims dims = dims_of(value.get_shape());
    return program_.add_output(add_moves(dims, type, {*buffer}, {move_to_whole(dims, strides_of(dims))}));
  }

  // Values and where they are.

  std::optional<BufferId> buffer_of(const Value& value) {
    if (const auto known = buffers_.find(value); known != buffers_.end()) return known->second;
    const ov::Node& node = *value.get_node();
    if (!build(node, value)) return std::nullopt;
    const auto built = buffers_.find(value);
    return built == buffers_.end() ? std::nullopt : std::optional(built->second);
  }

  bool build(const ov::Node& node, const Value& value) {
    if (const auto* constant = ov::as_type<const op::v0::Constant>(&node))
      return add_constant(*constant, value);
    if (is_view(node)) {
      const std::optional<BufferId> viewed = buffer_of(node.input_value(0));
      if (viewed) buffers_[value] = *viewed;
      return viewed.has_value();
    }
    if (is_element_node(node)) return add_elements({{value, computed_type_of(value)}});
    const auto builder = std::ranges::find(kBuilders, node.get_type_info().name, &Builder::node);
    return builder != kBuilders.end() && (this->*builder->build)(node);
  }

  bool add_constant(const op::v0::Constant& constant, const Value& value) {
    const aclDataType type = acl_type_of(constant.get_element_type());
    if (data_type_size(type) == 0) return false;
    const auto* const bytes = static_cast<const std::byte*>(constant.get_data_ptr());
    buffers_[value] = program_.add_constant(type, {bytes, bytes + constant.get_byte_size()});
    return true;
  }

  /// Of the type that values are computed in.
  std::optional<BufferId> computed_buffer_of(const Value& value) {
    const std::optional<BufferId> buffer = buffer_of(value);
    if (!buffer) return std::nullopt;
    const aclDataType type = element::computed_type(program_.type_of(*buffer));
    if (type == ACL_DT_UNDEFINED) return std::nullopt;
    return type == program_.type_of(*buffer) ? buffer : converted(*buffer, type);
  }

  /// Between float32 and half floats.
  BufferId converted(BufferId buffer, aclDataType type) {
    const aclDataType from = program_.type_of(buffer);
    const auto count = static_cast<int64_t>(program_.bytes_of(buffer) / data_type_size(from));
    ElementProgram program({count});
    program.add_output(program.add_source({{count}, from, 0, nullptr}), type);
    return add_stage<direct::ElementStage>(type, count, {buffer}, std::move(program));
  }

  template <class Stage, class... Args>
  BufferId add_stage(aclDataType type, int64_t elements, std::vector<BufferId> inputs, Args&&... args) {
    const BufferId output = program_.add_buffer(type, static_cast<size_t>(elements) * data_type_size(type));
    program_.add_stage(std::make_unique<Stage>(std::forward<Args>(args)...), std::move(inputs), {output});
    return output;
  }

  BufferId add_moves(const Dims& dims, aclDataType type, std::vector<BufferId> inputs,
                     std::vector<Move> moves) {
    return add_stage<direct::MoveStage>(type, product_of(dims), std::move(inputs), data_type_size(type),
                                        std::move(moves));
  }

  // Element by element.

  bool add_elements(const std::vector<ElementResult>& results) {
    std::vector<BufferId> inputs;
    const size_t elements = ov::shape_size(results[0].value.get_shape());
    const auto read = [&](const Value& value) -> std::optional<Source> {
      const ov::Node& node = *value.get_node();
      const Dims dims = dims_of(value.get_shape());
      if (const auto* constant = ov::as_type<const op::v0::Constant>(&node)) {
        const auto* const bytes = static_cast<const std::byte*>(constant->get_data_ptr());
        auto kept = std::make_shared<const std::vector<std::byte>>(bytes, bytes + constant->get_byte_size());
        return Source{dims, acl_type_of(constant->get_element_type()), 0, std::move(kept)};
      }
      if (!buffers_.contains(value) && is_element_node(node) &&
          (is_result(value, results) || !is_worth_a_stage(node, elements)))
        return std::nullopt;
      const std::optional<BufferId> buffer = buffer_of(value);
      if (!buffer) return std::nullopt;
      const auto place = std::ranges::find(inputs, *buffer);
      const auto index = static_cast<size_t>(place - inputs.begin());
      if (place == inputs.end()) inputs.push_back(*buffer);
      return Source{dims, program_.type_of(*buffer), index, nullptr};
    };
    std::optional<ElementProgram> program = element_program(results, read);
    if (!program) return false;
    std::vector<BufferId> outputs;
    for (const ElementResult& result : results) {
      outputs.push_back(program_.add_buffer(result.type, bytes_of(result.value, result.type)));
      buffers_[result.value] = outputs.back();
    }
    program_.add_stage(std::make_unique<direct::ElementStage>(std::move(*program)), std::move(inputs),
                       std::move(outputs));
    return true;
  }

  static bool is_result(const Value& value, const std::vector<ElementResult>& results) {
    return std::ranges::find(results, value, &ElementResult::value) != results.end();
  }

  /// What is much smaller than the results that it is repeated for is computed once.
  static bool is_worth_a_stage(const ov::Node& node, size_t elements) {
    constexpr size_t kOfStage = 1024;
    constexpr size_t kTimes = 4;
    return elements >= kOfStage && ov::shape_size(node.get_output_shape(0)) * kTimes <= elements &&
           !ov::is_type<op::v3::Broadcast>(&node);
  }

  // Moves.

  bool add_transpose(const ov::Node& node) {
    std::optional<Dims> order = constant_of(node.input_value(1));
    const Dims dims = dims_of(node.get_input_shape(0));
    if (!order) return false;
    if (order->empty())
      for (size_t i = dims.size(); i-- > 0;)
        order->push_back(static_cast<int64_t>(i));
    const Dims strides = strides_of(dims);
    Dims from;
    for (const int64_t axis : *order)
      from.push_back(strides[static_cast<size_t>(axis)]);
    return add_whole_move(node, from);
  }

  /// The whole output, from places of the first input that these strides tell.
  bool add_whole_move(const ov::Node& node, const Dims& from_strides, int64_t from = 0) {
    return add_whole_move(node.input_value(0), node.get_output_shape(0), from_strides, from,
                          const_cast<ov::Node&>(node).output(0));
  }

  bool add_whole_move(const Value& input, const ov::Shape& shape, const Dims& from_strides, int64_t from,
                      const Value& output) {
    const std::optional<BufferId> buffer = buffer_of(input);
    if (!buffer) return false;
    const Dims dims = dims_of(shape);
    buffers_[output] =
        add_moves(dims, program_.type_of(*buffer), {*buffer}, {move_to_whole(dims, from_strides, from)});
    return true;
  }

  bool add_tile(const ov::Node& node) {
    const std::optional<Dims> repeats = constant_of(node.input_value(1));
    Dims dims = dims_of(node.get_input_shape(0));
    if (!repeats || repeats->size() > dims.size()) return false;
    const std::optional<BufferId> buffer = buffer_of(node.input_value(0));
    if (!buffer) return false;
    const Dims strides = strides_of(dims);
    Dims box;
    Dims from;
    for (size_t i = 0; i < dims.size(); ++i) {
      const size_t before = dims.size() - repeats->size();
      box.push_back(i < before ? 1 : (*repeats)[i - before]);
      from.push_back(0);
      box.push_back(dims[i]);
      from.push_back(strides[i]);
    }
    buffers_[output_of(node)] =
        add_moves(box, program_.type_of(*buffer), {*buffer}, {move_to_whole(box, from)});
    return true;
  }

  static Value output_of(const ov::Node& node, size_t index = 0) {
    return const_cast<ov::Node&>(node).output(index);  // Who holds a Value may change the node; nobody does.
  }

  /// Where `begin` lies in a dim that is gone through in steps.
  static int64_t first_of(int64_t begin, int64_t dim, int64_t step) {
    if (begin < 0) begin += dim;
    return std::clamp<int64_t>(begin, 0, step > 0 ? dim : std::max<int64_t>(dim - 1, 0));
  }

  bool add_slice(const ov::Node& node) {
    const std::optional<Dims> begin = constant_of(node.input_value(1));
    const std::optional<Dims> steps = constant_of(node.input_value(3));
    if (!begin || !steps) return false;
    const Dims dims = dims_of(node.get_input_shape(0));
    Dims axes;
    if (node.get_input_size() > 4) {
      const std::optional<Dims> given = constant_of(node.input_value(4));
      if (!given) return false;
      axes = *given;
    } else {
      for (size_t i = 0; i < begin->size(); ++i)
        axes.push_back(static_cast<int64_t>(i));
    }
    Dims from = strides_of(dims);
    int64_t first = 0;
    for (size_t i = 0; i < axes.size(); ++i) {
      const auto axis =
          static_cast<size_t>(axes[i] < 0 ? axes[i] + static_cast<int64_t>(dims.size()) : axes[i]);
      first += first_of((*begin)[i], dims[axis], (*steps)[i]) * from[axis];
      from[axis] *= (*steps)[i];
    }
    return add_whole_move(node, from, first);
  }

  bool add_strided_slice(const ov::Node& node) {
    const auto& slice = static_cast<const op::v1::StridedSlice&>(node);
    const auto any = [](const std::vector<int64_t>& mask) {
      return std::ranges::any_of(mask, [](int64_t bit) { return bit != 0; });
    };
    const std::optional<Dims> begin = constant_of(node.input_value(1));
    const std::optional<Dims> steps = constant_of(node.input_value(3));
    if (!begin || !steps || any(slice.get_new_axis_mask()) || any(slice.get_ellipsis_mask())) return false;
    const auto bit = [](const std::vector<int64_t>& mask, size_t i) {
      return i < mask.size() && mask[i] != 0;
    };
    const Dims dims = dims_of(node.get_input_shape(0));
    const Dims strides = strides_of(dims);
    Dims from;
    int64_t first = 0;
    for (size_t i = 0; i < dims.size(); ++i) {
      const bool shrinks = bit(slice.get_shrink_axis_mask(), i);
      const int64_t step = i < steps->size() && !shrinks ? (*steps)[i] : 1;
      const bool from_the_end = i >= begin->size() || (bit(slice.get_begin_mask(), i) && !shrinks);
      const int64_t start = from_the_end ? (step > 0 ? 0 : dims[i] - 1) : (*begin)[i];
      first += first_of(start, dims[i], step) * strides[i];
      if (!shrinks) from.push_back(strides[i] * step);
    }
    return add_whole_move(node, from, first);
  }

  bool add_split(const ov::Node& node) {
    const std::optional<Dims> axis = constant_of(node.input_value(1));
    if (!axis) return false;
    const Dims dims = dims_of(node.get_input_shape(0));
    const auto along =
        static_cast<size_t>((*axis)[0] < 0 ? (*axis)[0] + static_cast<int64_t>(dims.size()) : (*axis)[0]);
    const Dims strides = strides_of(dims);
    int64_t first = 0;
    for (size_t i = 0; i < node.get_output_size(); ++i) {
      const ov::Shape& shape = node.get_output_shape(i);
      if (!add_whole_move(node.input_value(0), shape, strides, first * strides[along], output_of(node, i)))
        return false;
      first += static_cast<int64_t>(shape[along]);
    }
    return true;
  }

  bool add_concat(const ov::Node& node) {
    const Dims dims = dims_of(node.get_output_shape(0));
    const int64_t given = static_cast<const op::v0::Concat&>(node).get_axis();
    const auto axis = static_cast<size_t>(given < 0 ? given + static_cast<int64_t>(dims.size()) : given);
    const Dims strides = strides_of(dims);
    std::vector<BufferId> inputs;
    std::vector<Move> moves;
    int64_t first = 0;
    for (const Value& input : node.input_values()) {
      std::optional<BufferId> buffer = buffer_of(input);
      if (!buffer) return false;
      // Half floats of some inputs may have become floats.
      if (!inputs.empty() && program_.type_of(*buffer) != program_.type_of(inputs[0])) return false;
      const Dims part = dims_of(input.get_shape());
      const Dims from = strides_of(part);
      Move move{inputs.size(), 0, first * strides[axis], {}};
      for (size_t i = 0; i < part.size(); ++i)
        move.axes.push_back({part[i], from[i], strides[i]});
      inputs.push_back(*buffer);
      moves.push_back(std::move(move));
      first += part[axis];
    }
    const aclDataType type = program_.type_of(inputs[0]);
    buffers_[output_of(node)] = add_moves(dims, type, std::move(inputs), std::move(moves));
    return true;
  }

  bool add_pad(const ov::Node& node) {
    const auto& pad = static_cast<const op::util::PadBase&>(node);
    const std::optional<Dims> before = constant_of(node.input_value(1));
    const std::optional<Dims> after = constant_of(node.input_value(2));
    if (!before || !after) return false;
    if (pad.get_pad_mode() != op::PadMode::CONSTANT) return add_pad_by_places(pad, *before, *after);
    const Dims dims = dims_of(node.get_input_shape(0));
    const Dims padded = dims_of(node.get_output_shape(0));
    const std::optional<BufferId> buffer = buffer_of(node.input_value(0));
    if (!buffer) return false;
    const aclDataType type = program_.type_of(*buffer);
    if (element::computed_type(type) == ACL_DT_UNDEFINED) return false;
    // First all of it is filled, then the input is put in.
    Source fill{{}, type, 0, std::make_shared<const std::vector<std::byte>>(data_type_size(type))};
    if (node.get_input_size() > 3) {
      const auto* const value = ov::as_type<const op::v0::Constant>(node.input_value(3).get_node());
      if (value == nullptr) return false;
      const auto* const bytes = static_cast<const std::byte*>(value->get_data_ptr());
      fill.type = acl_type_of(value->get_element_type());
      fill.constant = std::make_shared<const std::vector<std::byte>>(bytes, bytes + value->get_byte_size());
    }
    ElementProgram filling(padded);
    filling.add_output(filling.add_source(fill), type);
    const BufferId output = add_stage<direct::ElementStage>(type, product_of(padded), {}, std::move(filling));
    const Dims from = strides_of(dims);
    const Dims to = strides_of(padded);
    Move move;
    for (size_t i = 0; i < dims.size(); ++i) {
      // Negative pads cut.
      const int64_t skipped = std::max<int64_t>(0, -(*before)[i]);
      const int64_t kept = dims[i] - skipped - std::max<int64_t>(0, -(*after)[i]);
      move.from += skipped * from[i];
      move.to += std::max<int64_t>(0, (*before)[i]) * to[i];
      move.axes.push_back({std::max<int64_t>(0, kept), from[i], to[i]});
    }
    program_.add_stage(
        std::make_unique<direct::MoveStage>(data_type_size(type), std::vector<Move>{std::move(move)}),
        {*buffer}, {output});
    buffers_[output_of(node)] = output;
    return true;
  }

  /// Borders that repeat or mirror the tensor: dim after dim, from the places that each element comes from.
  bool add_pad_by_places(const op::util::PadBase& node, const Dims& before, const Dims& after) {
    const Dims dims = dims_of(node.get_input_shape(0));
    std::optional<BufferId> buffer = buffer_of(node.input_value(0));
    if (!buffer || product_of(dims) == 0) return false;
    Dims now = dims;
    for (size_t i = 0; i < dims.size(); ++i) {
      if (before[i] == 0 && after[i] == 0) continue;
      Dims places;
      for (int64_t place = -before[i]; place < dims[i] + after[i]; ++place) {
        int64_t from = place;
        const int64_t last = dims[i] - 1;
        if (node.get_pad_mode() == op::PadMode::EDGE)
          from = std::clamp<int64_t>(place, 0, last);
        else if (const int64_t shift = node.get_pad_mode() == op::PadMode::SYMMETRIC ? 1 : 0; place < 0)
          from = -place - shift;
        else if (place > last)
          from = 2 * last - place + shift;
        places.push_back(from);
      }
      *buffer = gathered(*buffer, now, i, places);
      now[i] = static_cast<int64_t>(places.size());
    }
    buffers_[output_of(node)] = *buffer;
    return true;
  }

  bool add_roll(const ov::Node& node) {
    const std::optional<Dims> shifts = constant_of(node.input_value(1));
    const std::optional<Dims> axes = constant_of(node.input_value(2));
    const Dims dims = dims_of(node.get_input_shape(0));
    std::optional<BufferId> buffer = buffer_of(node.input_value(0));
    if (!shifts || !axes || !buffer) return false;
    for (size_t i = 0; i < axes->size(); ++i) {
      const auto axis =
          static_cast<size_t>((*axes)[i] < 0 ? (*axes)[i] + static_cast<int64_t>(dims.size()) : (*axes)[i]);
      Dims places;
      for (int64_t place = 0; place < dims[axis]; ++place) {
        const int64_t from = (place - (*shifts)[shifts->size() == 1 ? 0 : i]) % dims[axis];
        places.push_back(from < 0 ? from + dims[axis] : from);
      }
      *buffer = gathered(*buffer, dims, axis, places);
    }
    buffers_[output_of(node)] = *buffer;
    return true;
  }

  BufferId gathered(BufferId buffer, const Dims& dims, size_t axis, const Dims& places) {
    const auto bytes = std::as_bytes(std::span(places));
    const BufferId constant = program_.add_constant(ACL_INT64, {bytes.begin(), bytes.end()});
    return gathered(buffer, dims, axis, constant, places.size());
  }

  BufferId gathered(BufferId buffer, const Dims& dims, size_t axis, BufferId places, size_t count) {
    const aclDataType type = program_.type_of(buffer);
    const auto [outer, n, inner] = split_at(dims, axis);
    const direct::GatherStage::Shape shape{outer, n, inner * data_type_size(type), count};
    return add_stage<direct::GatherStage>(type, static_cast<int64_t>(outer * count * inner), {buffer, places},
                                          shape, program_.type_of(places) == ACL_INT64);
  }

  bool add_gather(const ov::Node& node) {
    const auto& gather = static_cast<const op::util::GatherBase&>(node);
    const std::optional<Dims> axis = constant_of(node.input_value(2));
    const std::optional<BufferId> buffer = buffer_of(node.input_value(0));
    const std::optional<BufferId> places = buffer_of(node.input_value(1));
    if (!axis || !buffer || !places || gather.get_batch_dims() != 0) return false;
    const aclDataType type = program_.type_of(*places);
    if (type != ACL_INT32 && type != ACL_INT64) return false;
    buffers_[output_of(node)] =
        gathered(*buffer, dims_of(node.get_input_shape(0)), static_cast<size_t>(gather.get_axis()), *places,
                 ov::shape_size(node.get_input_shape(1)));
    return true;
  }

  bool add_shape(const ov::Node& node) {
    const Value value = output_of(node);
    const ov::Shape& shape = node.get_input_shape(0);
    return add_constant(op::v0::Constant(value.get_element_type(), ov::Shape{shape.size()}, shape), value);
  }

  // Along an axis.

  bool add_reduction(const ov::Node& node) {
    static constexpr std::array kReductions = std::to_array<NamedReduction>({
        {"ReduceLogicalAnd", Reduction::kAll},
        {"ReduceLogicalOr", Reduction::kAny},
        {"ReduceMax", Reduction::kMaximum},
        {"ReduceMean", Reduction::kMean},
        {"ReduceMin", Reduction::kMinimum},
        {"ReduceProd", Reduction::kProduct},
        {"ReduceSum", Reduction::kSum},
    });
    const auto found = std::ranges::find(kReductions, node.get_type_info().name, &NamedReduction::node);
    return found != kReductions.end() && add_reduced(node, node.input_value(0), found->reduction).has_value();
  }

  /// The root of the sum of squares.
  bool add_norm(const ov::Node& node) {
    const std::optional<BufferId> x = computed_buffer_of(node.input_value(0));
    if (!x) return false;
    const auto squares = step_on(*x, Function::kMultiply, 2);
    const auto sum = squares ? reduced(node, *squares, Reduction::kSum) : std::nullopt;
    const auto root = sum ? step_on(*sum, Function::kSqrt, 1) : std::nullopt;
    if (root) buffers_[output_of(node)] = *root;
    return root.has_value();
  }

  /// One function of a buffer, as all its inputs.
  std::optional<BufferId> step_on(BufferId buffer, Function function, size_t inputs) {
    const aclDataType type = program_.type_of(buffer);
    const element::Kernel kernel = element::find_kernel(function, type);
    if (kernel.run == nullptr) return std::nullopt;
    const auto count = static_cast<int64_t>(program_.bytes_of(buffer) / data_type_size(type));
    ElementProgram program({count});
    const std::vector<element::ValueId> values(inputs, program.add_source({{count}, type, 0, nullptr}));
    program.add_output(program.add_step(kernel, values), type);
    return add_stage<direct::ElementStage>(type, count, {buffer}, std::move(program));
  }

  std::optional<BufferId> add_reduced(const ov::Node& node, const Value& input, Reduction reduction) {
    const std::optional<BufferId> x = computed_buffer_of(input);
    const std::optional<BufferId> y = x ? reduced(node, *x, reduction) : std::nullopt;
    if (y) buffers_[output_of(node)] = *y;
    return y;
  }

  std::optional<BufferId> reduced(const ov::Node& node, BufferId x, Reduction reduction) {
    const auto& base = static_cast<const op::util::ReductionBase&>(node);
    const aclDataType type = program_.type_of(x);
    const direct::Reduce reduce = direct::find_reduction(reduction, type);
    if (reduce == nullptr || !base.reduction_axes_constant()) return std::nullopt;
    const ov::AxisSet axes = base.get_reduction_axes();
    const Dims dims = dims_of(node.get_input_shape(0));
    const Dims strides = strides_of(dims);
    // Runs of dims that stay and that go, in turn: [stays, goes, stays] needs no other order.
    Dims kept;
    Dims gone;
    Dims kept_strides;
    Dims gone_strides;
    int64_t inner = 1;
    size_t changes = 0;
    bool goes_before = false;
    for (size_t i = 0; i < dims.size(); ++i) {
      const bool goes = axes.contains(i);
      (goes ? gone : kept).push_back(dims[i]);
      (goes ? gone_strides : kept_strides).push_back(strides[i]);
      if (dims[i] == 1) continue;
      if (goes && !goes_before) {
        ++changes;
        inner = 1;
      }
      if (!goes) inner *= dims[i];
      goes_before = goes;
    }
    const int64_t n = product_of(gone);
    const int64_t rows = product_of(kept);
    if (n == 0 && reduction != Reduction::kSum && reduction != Reduction::kProduct) return std::nullopt;
    if (changes == 0) inner = 1;
    if (changes > 1) {
      Dims order = kept;
      order.insert(order.end(), gone.begin(), gone.end());
      Dims from = kept_strides;
      from.insert(from.end(), gone_strides.begin(), gone_strides.end());
      x = add_moves(order, type, {x}, {move_to_whole(order, from)});
      inner = 1;
    }
    const auto outer = static_cast<size_t>(inner == 0 ? 0 : rows / inner);
    return add_stage<direct::ReductionStage>(type, rows, {x}, outer, static_cast<size_t>(n),
                                             static_cast<size_t>(inner), reduce);
  }

  bool add_softmax(const ov::Node& node) {
    int64_t axis = 0;
    bool logarithm = false;
    if (const auto* softmax = ov::as_type<const op::v8::Softmax>(&node)) {
      axis = softmax->get_axis();
    } else if (const auto* other = ov::as_type<const op::v5::LogSoftmax>(&node)) {
      axis = other->get_axis();
      logarithm = true;
    } else {
      return false;
    }
    const Dims dims = dims_of(node.get_input_shape(0));
    const std::optional<BufferId> x = computed_buffer_of(node.input_value(0));
    if (!x || dims.empty() || program_.type_of(*x) != ACL_FLOAT) return false;
    const auto [outer, n, inner] =
        split_at(dims, static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis));
    buffers_[output_of(node)] = add_stage<direct::SoftmaxStage>(ACL_FLOAT, product_of(dims), {*x},
                                                                n == 0 ? 0 : outer, n, inner, logarithm);
    return true;
  }

  // Matrix products.

  bool add_product(const ov::Node& node) {
    const auto& product = static_cast<const op::v0::MatMul&>(node);
    const std::optional<BufferId> a = computed_buffer_of(node.input_value(0));
    const std::optional<BufferId> b = computed_buffer_of(node.input_value(1));
    if (!a || !b || program_.type_of(*a) != ACL_FLOAT || program_.type_of(*b) != ACL_FLOAT) return false;
    Dims a_dims = dims_of(node.get_input_shape(0));
    Dims b_dims = dims_of(node.get_input_shape(1));
    if (a_dims.empty() || b_dims.empty() || !MatrixStage::is_available()) return false;
    MatrixShape shape;
    // A vector is a row on the left and a column on the right, whatever is to be transposed.
    shape.transpose_a = product.get_transpose_a() && a_dims.size() > 1;
    shape.transpose_b = product.get_transpose_b() && b_dims.size() > 1;
    if (a_dims.size() == 1) a_dims.insert(a_dims.begin(), 1);
    if (b_dims.size() == 1) b_dims.push_back(1);
    const auto take_matrix = [](Dims& dims, bool transpose) {
      int64_t columns = dims.back();
      dims.pop_back();
      int64_t rows = dims.back();
      dims.pop_back();
      if (transpose) std::swap(rows, columns);
      return std::pair(rows, columns);
    };
    std::tie(shape.m, shape.k) = take_matrix(a_dims, shape.transpose_a);
    shape.n = take_matrix(b_dims, shape.transpose_b).second;
    // Many matrices times one are one product.
    if (product_of(b_dims) == 1 && !shape.transpose_a) {
      shape.m *= product_of(a_dims);
      a_dims.clear();
      b_dims.clear();
    }
    if (!place_batches(a_dims, b_dims, shape)) return false;
    const auto count = static_cast<int64_t>(ov::shape_size(node.get_output_shape(0)));
    buffers_[output_of(node)] = add_stage<MatrixStage>(ACL_FLOAT, count, {*a, *b}, std::move(shape));
    return true;
  }

  /// Batches of both sides are broadcast. False: there are too many.
  static bool place_batches(Dims a, Dims b, MatrixShape& shape) {
    constexpr int64_t kMost = 65536;
    const size_t rank = std::max(a.size(), b.size());
    a.insert(a.begin(), rank - a.size(), 1);
    b.insert(b.begin(), rank - b.size(), 1);
    const Dims a_strides = strides_of(a);
    const Dims b_strides = strides_of(b);
    Dims dims(rank);
    for (size_t i = 0; i < rank; ++i)
      dims[i] = a[i] == 1 ? b[i] : a[i];
    const int64_t count = product_of(dims);
    if (count > kMost) return false;
    for (int64_t batch = 0; batch < count; ++batch) {
      int64_t in_a = 0;
      int64_t in_b = 0;
      for (size_t i = rank, rest = static_cast<size_t>(batch); i-- > 0;) {
        const auto place = static_cast<int64_t>(rest % static_cast<size_t>(dims[i]));
        rest /= static_cast<size_t>(dims[i]);
        if (a[i] != 1) in_a += place * a_strides[i];
        if (b[i] != 1) in_b += place * b_strides[i];
      }
      shape.a.push_back(in_a * shape.m * shape.k);
      shape.b.push_back(in_b * shape.k * shape.n);
    }
    return true;
  }

  static constexpr std::array kBuilders = std::to_array<Builder>({
      {"Concat", &Translation::add_concat},
      {"Gather", &Translation::add_gather},
      {"LogSoftmax", &Translation::add_softmax},
      {"MatMul", &Translation::add_product},
      {"Pad", &Translation::add_pad},
      {"ReduceL2", &Translation::add_norm},
      {"ReduceLogicalAnd", &Translation::add_reduction},
      {"ReduceLogicalOr", &Translation::add_reduction},
      {"ReduceMax", &Translation::add_reduction},
      {"ReduceMean", &Translation::add_reduction},
      {"ReduceMin", &Translation::add_reduction},
      {"ReduceProd", &Translation::add_reduction},
      {"ReduceSum", &Translation::add_reduction},
      {"Roll", &Translation::add_roll},
      {"ShapeOf", &Translation::add_shape},
      {"Slice", &Translation::add_slice},
      {"Softmax", &Translation::add_softmax},
      {"Split", &Translation::add_split},
      {"StridedSlice", &Translation::add_strided_slice},
      {"Tile", &Translation::add_tile},
      {"Transpose", &Translation::add_transpose},
      {"VariadicSplit", &Translation::add_split},
  });

  const ov::Model& network_;
  Program program_;
  std::map<Value, BufferId> buffers_;
};

}  // namespace

std::shared_ptr<const Program> direct_program(const ov::Model& network) {
  // Of so many nodes the engine makes fewer.
  constexpr size_t kMostNodes = 200;
  if (network.is_dynamic() || network.get_results().empty()) return nullptr;
  if (network.get_ops().size() > kMostNodes) return nullptr;
  return Translation(network).run();
}

}  // namespace cairn
