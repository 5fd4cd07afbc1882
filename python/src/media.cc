// acl.media: chapter 10.7, pictures.
#include <nanobind/nanobind.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <algorithm>
#include <cstring>

#include "acl/ops/acl_dvpp.h"
#include "arguments.h"

namespace nb = nanobind;
using cairn::python::Address;
using cairn::python::handles;
using cairn::python::Int;
using cairn::python::to_python;
using cairn::python::without_gil;
using Addresses = std::vector<Address>;
using Counts = std::vector<Int<uint32_t>>;

namespace {

std::vector<uint32_t> plain(const Counts& counts) {
  return {counts.begin(), counts.end()};
}

/// m.def for a C function that takes one handle.
template <class Handle, class Function>
void bind_handle(nb::module_& m, const char* name, const char* argument, Function function) {
  m.def(
      name,
      [function](Address handle) {
        const auto result = without_gil([&] { return function(handle.as<Handle>()); });
        if constexpr (std::is_pointer_v<decltype(result)>) {
          return to_python(result);
        } else if constexpr (std::is_enum_v<decltype(result)>) {
          return static_cast<int>(result);
        } else {
          return result;
        }
      },
      nb::arg(argument).none());
}

/// m.def for a C function that creates something without arguments.
template <class Function>
void bind_create(nb::module_& m, const char* name, Function function) {
  m.def(name, [function] { return to_python(function()); });
}

/// m.def for a C setter of an unsigned number.
template <class Handle>
void bind_set(nb::module_& m, const char* name, const char* argument, const char* value_name,
              aclError (*function)(Handle*, uint32_t)) {
  m.def(
      name, [function](Address handle, Int<uint32_t> value) { return function(handle.as<Handle>(), value); },
      nb::arg(argument).none(), nb::arg(value_name));
}

void bind_memory(nb::module_& m) {
  m.def(
      "dvpp_malloc",
      [](Int<size_t> size) {
        void* memory = nullptr;
        const aclError ret = without_gil([&] { return acldvppMalloc(&memory, size); });
        return std::pair(to_python(memory), ret);
      },
      nb::arg("size"));
  m.def(
      "dvpp_free", [](Address memory) { return without_gil([&] { return acldvppFree(memory.value); }); },
      nb::arg("dev_ptr").none());
}

/// The bytes that a channel parameter has in C; types that do not exist get 4, and are refused there.
size_t param_bytes(int type) {
  return type == ACL_DVPP_CHANNEL_ID_UINT64 ? sizeof(uint64_t) : sizeof(uint32_t);
}

void bind_channels(nb::module_& m) {
  const char* const desc = "dvpp_channel_desc";
  bind_create(m, "dvpp_create_channel_desc", acldvppCreateChannelDesc);
  bind_handle<acldvppChannelDesc>(m, "dvpp_destroy_channel_desc", desc, acldvppDestroyChannelDesc);
  bind_handle<acldvppChannelDesc>(m, "dvpp_create_channel", desc, acldvppCreateChannel);
  bind_handle<acldvppChannelDesc>(m, "dvpp_destroy_channel", desc, acldvppDestroyChannel);
  bind_handle<acldvppChannelDesc>(m, "dvpp_get_channel_desc_channel_id", desc,
                                  acldvppGetChannelDescChannelId);
  bind_set(m, "dvpp_set_channel_desc_mode", desc, "mode", acldvppSetChannelDescMode);
  m.def(
      "dvpp_set_channel_desc_param",
      [](Address channel, Int<int> type, Int<uint64_t> param) {
        // A number too large for 4 bytes stays too large.
        const size_t length = param_bytes(type);
        const auto narrow = static_cast<uint32_t>(std::min<uint64_t>(param, UINT32_MAX));
        const void* const value = length == sizeof(narrow) ? static_cast<const void*>(&narrow) : &param.value;
        const aclError ret =
            acldvppSetChannelDescParam(channel.as<acldvppChannelDesc>(),
                                       static_cast<acldvppChannelDescParamType>(type.value), length, value);
        return std::pair(to_python(channel.value), ret);
      },
      nb::arg("channelDesc").none(), nb::arg("paramType"), nb::arg("param"));
  m.def(
      "dvpp_get_channel_desc_param",
      [](Address channel, Int<int> type) {
        size_t size = 0;
        uint64_t value = 0;
        const aclError ret = acldvppGetChannelDescParam(channel.as<acldvppChannelDesc>(),
                                                        static_cast<acldvppChannelDescParamType>(type.value),
                                                        sizeof(value), &size, &value);
        if (size == sizeof(uint32_t)) {
          uint32_t narrow = 0;
          std::memcpy(&narrow, &value, sizeof(narrow));
          value = narrow;
        }
        return std::tuple(size, value, ret);
      },
      nb::arg("channelDesc").none(), nb::arg("paramType"));
}

void bind_pictures(nb::module_& m) {
  const char* const desc = "dvpp_pic_desc";
  bind_create(m, "dvpp_create_pic_desc", acldvppCreatePicDesc);
  bind_handle<acldvppPicDesc>(m, "dvpp_destroy_pic_desc", desc, acldvppDestroyPicDesc);
  m.def(
      "dvpp_set_pic_desc_data",
      [](Address picture, Address data) {
        return acldvppSetPicDescData(picture.as<acldvppPicDesc>(), data.value);
      },
      nb::arg(desc).none(), nb::arg("data_dev").none());
  m.def(
      "dvpp_set_pic_desc_format",
      [](Address picture, Int<int> format) {
        return acldvppSetPicDescFormat(picture.as<acldvppPicDesc>(),
                                       static_cast<acldvppPixelFormat>(format.value));
      },
      nb::arg(desc).none(), nb::arg("format"));
  bind_set(m, "dvpp_set_pic_desc_size", desc, "size", acldvppSetPicDescSize);
  bind_set(m, "dvpp_set_pic_desc_width", desc, "width", acldvppSetPicDescWidth);
  bind_set(m, "dvpp_set_pic_desc_height", desc, "height", acldvppSetPicDescHeight);
  bind_set(m, "dvpp_set_pic_desc_width_stride", desc, "width_stride", acldvppSetPicDescWidthStride);
  bind_set(m, "dvpp_set_pic_desc_height_stride", desc, "height_stride", acldvppSetPicDescHeightStride);
  bind_set(m, "dvpp_set_pic_desc_ret_code", desc, "ret_code", acldvppSetPicDescRetCode);
  bind_handle<acldvppPicDesc>(m, "dvpp_get_pic_desc_data", desc, acldvppGetPicDescData);
  bind_handle<acldvppPicDesc>(m, "dvpp_get_pic_desc_size", desc, acldvppGetPicDescSize);
  bind_handle<acldvppPicDesc>(m, "dvpp_get_pic_desc_format", desc, acldvppGetPicDescFormat);
  bind_handle<acldvppPicDesc>(m, "dvpp_get_pic_desc_width", desc, acldvppGetPicDescWidth);
  bind_handle<acldvppPicDesc>(m, "dvpp_get_pic_desc_height", desc, acldvppGetPicDescHeight);
  bind_handle<acldvppPicDesc>(m, "dvpp_get_pic_desc_width_stride", desc, acldvppGetPicDescWidthStride);
  bind_handle<acldvppPicDesc>(m, "dvpp_get_pic_desc_height_stride", desc, acldvppGetPicDescHeightStride);
  bind_handle<acldvppPicDesc>(m, "dvpp_get_pic_desc_ret_code", desc, acldvppGetPicDescRetCode);

  m.def(
      "dvpp_create_batch_pic_desc",
      [](Int<uint32_t> size) { return to_python(acldvppCreateBatchPicDesc(size)); }, nb::arg("batch_size"));
  bind_handle<acldvppBatchPicDesc>(m, "dvpp_destroy_batch_pic_desc", "batch_pic_desc",
                                   acldvppDestroyBatchPicDesc);
  m.def(
      "dvpp_get_pic_desc",
      [](Address batch, Int<uint32_t> index) {
        return to_python(acldvppGetPicDesc(batch.as<acldvppBatchPicDesc>(), index));
      },
      nb::arg("batch_pic_desc").none(), nb::arg("index"));
}

void bind_borders(nb::module_& m) {
  const char* const config = "border_config";
  m.def("dvpp_create_border_config", [] {
    const acldvppBorderConfig* const border = acldvppCreateBorderConfig();
    return std::pair(to_python(border), border != nullptr ? int{ACL_SUCCESS} : int{ACL_ERROR_BAD_ALLOC});
  });
  bind_handle<acldvppBorderConfig>(m, "dvpp_destroy_border_config", config, acldvppDestroyBorderConfig);
  m.def(
      "dvpp_set_border_config_value",
      [](Address border, Int<uint32_t> index, double value) {
        return acldvppSetBorderConfigValue(border.as<acldvppBorderConfig>(), index, value);
      },
      nb::arg(config).none(), nb::arg("index"), nb::arg("value"));
  m.def(
      "dvpp_set_border_config_border_type",
      [](Address border, Int<int> type) {
        return acldvppSetBorderConfigBorderType(border.as<acldvppBorderConfig>(),
                                                static_cast<acldvppBorderType>(type.value));
      },
      nb::arg(config).none(), nb::arg("border_type"));
  bind_set(m, "dvpp_set_border_config_top", config, "top", acldvppSetBorderConfigTop);
  bind_set(m, "dvpp_set_border_config_bottom", config, "bottom", acldvppSetBorderConfigBottom);
  bind_set(m, "dvpp_set_border_config_left", config, "left", acldvppSetBorderConfigLeft);
  bind_set(m, "dvpp_set_border_config_right", config, "right", acldvppSetBorderConfigRight);
  m.def(
      "dvpp_get_border_config_value",
      [](Address border, Int<uint32_t> index) {
        return acldvppGetBorderConfigValue(border.as<acldvppBorderConfig>(), index);
      },
      nb::arg(config).none(), nb::arg("index"));
  bind_handle<acldvppBorderConfig>(m, "dvpp_get_border_config_border_type", config,
                                   acldvppGetBorderConfigBorderType);
  bind_handle<acldvppBorderConfig>(m, "dvpp_get_border_config_top", config, acldvppGetBorderConfigTop);
  bind_handle<acldvppBorderConfig>(m, "dvpp_get_border_config_bottom", config, acldvppGetBorderConfigBottom);
  bind_handle<acldvppBorderConfig>(m, "dvpp_get_border_config_left", config, acldvppGetBorderConfigLeft);
  bind_handle<acldvppBorderConfig>(m, "dvpp_get_border_config_right", config, acldvppGetBorderConfigRight);
}

void bind_areas(nb::module_& m) {
  m.def(
      "dvpp_create_roi_config",
      [](Int<uint32_t> left, Int<uint32_t> right, Int<uint32_t> top, Int<uint32_t> bottom) {
        return to_python(acldvppCreateRoiConfig(left, right, top, bottom));
      },
      nb::arg("left"), nb::arg("right"), nb::arg("top"), nb::arg("bottom"));
  bind_handle<acldvppRoiConfig>(m, "dvpp_destroy_roi_config", "roi_config", acldvppDestroyRoiConfig);
  m.def(
      "dvpp_set_roi_config",
      [](Address roi, Int<uint32_t> left, Int<uint32_t> right, Int<uint32_t> top, Int<uint32_t> bottom) {
        return acldvppSetRoiConfig(roi.as<acldvppRoiConfig>(), left, right, top, bottom);
      },
      nb::arg("roi_config").none(), nb::arg("left"), nb::arg("right"), nb::arg("top"), nb::arg("bottom"));
  bind_set(m, "dvpp_set_roi_config_left", "roi_config", "left", acldvppSetRoiConfigLeft);
  bind_set(m, "dvpp_set_roi_config_right", "roi_config", "right", acldvppSetRoiConfigRight);
  bind_set(m, "dvpp_set_roi_config_top", "roi_config", "top", acldvppSetRoiConfigTop);
  bind_set(m, "dvpp_set_roi_config_bottom", "roi_config", "bottom", acldvppSetRoiConfigBottom);
  bind_create(m, "dvpp_create_resize_config", acldvppCreateResizeConfig);
  bind_handle<acldvppResizeConfig>(m, "dvpp_destroy_resize_config", "dvpp_resize_config",
                                   acldvppDestroyResizeConfig);
  bind_set(m, "dvpp_set_resize_config_interpolation", "dvpp_resize_config", "interpolation",
           acldvppSetResizeConfigInterpolation);
  bind_handle<acldvppResizeConfig>(m, "dvpp_get_resize_config_interpolation", "dvpp_resize_config",
                                   acldvppGetResizeConfigInterpolation);
}

void bind_picture_processing(nb::module_& m) {
  const auto channel = nb::arg("dvpp_channel_desc").none();
  const auto input = nb::arg("input_dvpp_pic_desc").none();
  const auto output = nb::arg("output_dvpp_pic_desc").none();
  const auto crop = nb::arg("crop_area").none();
  const auto paste = nb::arg("paste_area").none();
  const auto stream = nb::arg("stream").none();
  m.def(
      "dvpp_vpc_resize_async",
      [](Address c, Address in, Address out, Address config, Address s) {
        return without_gil([&] {
          return acldvppVpcResizeAsync(c.as<acldvppChannelDesc>(), in.as<acldvppPicDesc>(),
                                       out.as<acldvppPicDesc>(), config.as<acldvppResizeConfig>(), s.value);
        });
      },
      channel, input, output, nb::arg("dvpp_resize_config").none(), stream);
  m.def(
      "dvpp_vpc_crop_async",
      [](Address c, Address in, Address out, Address from, Address s) {
        return without_gil([&] {
          return acldvppVpcCropAsync(c.as<acldvppChannelDesc>(), in.as<acldvppPicDesc>(),
                                     out.as<acldvppPicDesc>(), from.as<acldvppRoiConfig>(), s.value);
        });
      },
      channel, input, output, crop, stream);
  m.def(
      "dvpp_vpc_crop_resize_async",
      [](Address c, Address in, Address out, Address from, Address config, Address s) {
        return without_gil([&] {
          return acldvppVpcCropResizeAsync(c.as<acldvppChannelDesc>(), in.as<acldvppPicDesc>(),
                                           out.as<acldvppPicDesc>(), from.as<acldvppRoiConfig>(),
                                           config.as<acldvppResizeConfig>(), s.value);
        });
      },
      channel, input, output, crop, nb::arg("resize_config").none(), stream);
  m.def(
      "dvpp_vpc_crop_and_paste_async",
      [](Address c, Address in, Address out, Address from, Address to, Address s) {
        return without_gil([&] {
          return acldvppVpcCropAndPasteAsync(c.as<acldvppChannelDesc>(), in.as<acldvppPicDesc>(),
                                             out.as<acldvppPicDesc>(), from.as<acldvppRoiConfig>(),
                                             to.as<acldvppRoiConfig>(), s.value);
        });
      },
      channel, input, output, crop, paste, stream);
  m.def(
      "dvpp_vpc_crop_resize_paste_async",
      [](Address c, Address in, Address out, Address from, Address to, Address config, Address s) {
        return without_gil([&] {
          return acldvppVpcCropResizePasteAsync(c.as<acldvppChannelDesc>(), in.as<acldvppPicDesc>(),
                                                out.as<acldvppPicDesc>(), from.as<acldvppRoiConfig>(),
                                                to.as<acldvppRoiConfig>(), config.as<acldvppResizeConfig>(),
                                                s.value);
        });
      },
      channel, input, output, crop, paste, nb::arg("resize_config").none(), stream);
  m.def(
      "dvpp_vpc_convert_color_async",
      [](Address c, Address in, Address out, Address s) {
        return without_gil([&] {
          return acldvppVpcConvertColorAsync(c.as<acldvppChannelDesc>(), in.as<acldvppPicDesc>(),
                                             out.as<acldvppPicDesc>(), s.value);
        });
      },
      channel, input, output, stream);
}

/// The lists of a batch call as C arrays.
struct BatchArguments {
  acldvppChannelDesc* channel;
  acldvppBatchPicDesc* inputs;
  std::vector<uint32_t> counts;
  acldvppBatchPicDesc* outputs;
  std::vector<acldvppRoiConfig*> crops;

  BatchArguments(Address c, Address in, const Counts& roi_counts, Address out, const Addresses& areas)
      : channel(c.as<acldvppChannelDesc>()),
        inputs(in.as<acldvppBatchPicDesc>()),
        counts(plain(roi_counts)),
        outputs(out.as<acldvppBatchPicDesc>()),
        crops(handles<acldvppRoiConfig>(areas)) {}

  uint32_t size() const { return static_cast<uint32_t>(counts.size()); }
  /// The C functions read one area per crop. Lists of another length become a count that they refuse
  /// [VPC1-064].
  void demand_length(size_t length) {
    uint64_t sum = 0;
    for (const uint32_t count : counts)
      sum += count;
    if (sum != crops.size() || sum != length) counts.assign(1, UINT32_MAX);
  }
};

void bind_batches(nb::module_& m) {
  const auto channel = nb::arg("dvpp_channel_desc").none();
  const auto inputs = nb::arg("src_batch_pic_descs").none();
  const auto counts = nb::arg("roi_nums_list");
  const auto outputs = nb::arg("dst_batch_pic_descs").none();
  const auto crops = nb::arg("crop_area_list");
  const auto pastes = nb::arg("paste_area_list");
  const auto config = nb::arg("resize_config").none();
  const auto stream = nb::arg("stream").none();
  m.def(
      "dvpp_vpc_batch_crop_async",
      [](Address c, Address in, const Counts& roi_counts, Address out, const Addresses& from, Address s) {
        BatchArguments batch(c, in, roi_counts, out, from);
        batch.demand_length(from.size());
        const aclError ret = without_gil([&] {
          return acldvppVpcBatchCropAsync(batch.channel, batch.inputs, batch.counts.data(), batch.size(),
                                          batch.outputs, batch.crops.data(), s.value);
        });
        return std::pair(to_python(out.value), ret);
      },
      channel, inputs, counts, outputs, crops, stream);
  m.def(
      "dvpp_vpc_batch_crop_resize_async",
      [](Address c, Address in, const Counts& roi_counts, Address out, const Addresses& from, Address resize,
         Address s) {
        BatchArguments batch(c, in, roi_counts, out, from);
        batch.demand_length(from.size());
        return without_gil([&] {
          return acldvppVpcBatchCropResizeAsync(batch.channel, batch.inputs, batch.counts.data(),
                                                batch.size(), batch.outputs, batch.crops.data(),
                                                resize.as<acldvppResizeConfig>(), s.value);
        });
      },
      channel, inputs, counts, outputs, crops, config, stream);
  m.def(
      "dvpp_vpc_batch_crop_and_paste_async",
      [](Address c, Address in, const Counts& roi_counts, Address out, const Addresses& from,
         const Addresses& to, Address s) {
        BatchArguments batch(c, in, roi_counts, out, from);
        batch.demand_length(to.size());
        auto targets = handles<acldvppRoiConfig>(to);
        const aclError ret = without_gil([&] {
          return acldvppVpcBatchCropAndPasteAsync(batch.channel, batch.inputs, batch.counts.data(),
                                                  batch.size(), batch.outputs, batch.crops.data(),
                                                  targets.data(), s.value);
        });
        return std::pair(to_python(out.value), ret);
      },
      channel, inputs, counts, outputs, crops, pastes, stream);
  m.def(
      "dvpp_vpc_batch_crop_resize_paste_async",
      [](Address c, Address in, const Counts& roi_counts, Address out, const Addresses& from,
         const Addresses& to, Address resize, Address s) {
        BatchArguments batch(c, in, roi_counts, out, from);
        batch.demand_length(to.size());
        auto targets = handles<acldvppRoiConfig>(to);
        return without_gil([&] {
          return acldvppVpcBatchCropResizePasteAsync(
              batch.channel, batch.inputs, batch.counts.data(), batch.size(), batch.outputs,
              batch.crops.data(), targets.data(), resize.as<acldvppResizeConfig>(), s.value);
        });
      },
      channel, inputs, counts, outputs, crops, pastes, config, stream);
  m.def(
      "dvpp_vpc_batch_crop_resize_make_border_async",
      [](Address c, Address in, const Counts& roi_counts, Address out, const Addresses& from,
         const Addresses& borders, Address resize, Address s) {
        BatchArguments batch(c, in, roi_counts, out, from);
        batch.demand_length(borders.size());
        auto configs = handles<acldvppBorderConfig>(borders);
        return without_gil([&] {
          return acldvppVpcBatchCropResizeMakeBorderAsync(
              batch.channel, batch.inputs, batch.counts.data(), batch.size(), batch.outputs,
              batch.crops.data(), configs.data(), resize.as<acldvppResizeConfig>(), s.value);
        });
      },
      channel, inputs, counts, outputs, crops, nb::arg("border_cfgs_list"), config, stream);
}

void bind_jpeg(nb::module_& m) {
  m.def(
      "dvpp_jpeg_get_image_info",
      [](Address data, Int<uint32_t> size) {
        uint32_t width = 0;
        uint32_t height = 0;
        int32_t components = 0;
        const aclError ret = without_gil(
            [&] { return acldvppJpegGetImageInfo(data.value, size, &width, &height, &components); });
        return std::tuple(width, height, components, ret);
      },
      nb::arg("data").none(), nb::arg("size"));
  m.def(
      "dvpp_jpeg_get_image_info_v2",
      [](Address data, Int<uint32_t> size) {
        uint32_t width = 0;
        uint32_t height = 0;
        int32_t components = 0;
        acldvppJpegFormat format = ACL_JPEG_CSS_UNKNOWN;
        const aclError ret = without_gil([&] {
          return acldvppJpegGetImageInfoV2(data.value, size, &width, &height, &components, &format);
        });
        return std::tuple(width, height, components, static_cast<int>(format), ret);
      },
      nb::arg("data").none(), nb::arg("size"));
  m.def(
      "dvpp_jpeg_predict_dec_size",
      [](Address data, Int<uint32_t> size, Int<int> format) {
        uint32_t result = 0;
        const aclError ret = without_gil([&] {
          return acldvppJpegPredictDecSize(data.value, size, static_cast<acldvppPixelFormat>(format.value),
                                           &result);
        });
        return std::pair(result, ret);
      },
      nb::arg("data").none(), nb::arg("data_size"), nb::arg("format"));
  m.def(
      "dvpp_jpeg_decode_async",
      [](Address channel, Address data, Int<uint32_t> size, Address output, Address stream) {
        return without_gil([&] {
          return acldvppJpegDecodeAsync(channel.as<acldvppChannelDesc>(), data.value, size,
                                        output.as<acldvppPicDesc>(), stream.value);
        });
      },
      nb::arg("dvpp_channel_desc").none(), nb::arg("data").none(), nb::arg("size"),
      nb::arg("output_dvpp_pic_desc").none(), nb::arg("stream").none());
}

}  // namespace

NB_MODULE(_media, m) {
  bind_memory(m);
  bind_channels(m);
  bind_pictures(m);
  bind_borders(m);
  bind_areas(m);
  bind_picture_processing(m);
  bind_batches(m);
  bind_jpeg(m);
}
