#include "media/v1/vpc.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <optional>
#include <vector>

#include "base/observer.h"
#include "device/runtime.h"
#include "media/image/scale.h"
#include "media/v1/batch_pic_desc.h"
#include "media/v1/border_config.h"
#include "media/v1/channel_desc.h"
#include "media/v1/roi_config.h"
#include "media/v1/vpc_checks.h"

namespace cairn {
namespace {

constexpr uint32_t kMostAreas = 256;

/// One picture to make. The pictures hold the program's addresses until the task resolves them.
struct VpcJob {
  Picture input;
  Picture output;
  Rectangle from;
  Rectangle to;
  Interpolation interpolation = Interpolation::kBilinear;
  acldvppCscMatrix matrix = ACL_DVPP_CSC_MATRIX_BT601_WIDE;
  Ref<PicDesc> result;

  Status run(const BorderFields* border) const;
};

struct BorderedJob {
  VpcJob job;
  std::optional<BorderFields> border;
};

Status resolve_memory(Picture& picture, const char* side) {
  const uint64_t size = picture.format->memory_size(picture.width_stride, picture.height_stride);
  CAIRN_ASSIGN(picture.data, Runtime::get().resolve(picture.data, size, side, "VPC1-008"));
  return {};
}

uint8_t saturate(double value) {
  return static_cast<uint8_t>(std::clamp(std::nearbyint(std::isnan(value) ? 0 : value), 0., 255.));
}

/// The border's colour in the components of the output [M1-083].
std::array<uint8_t, 3> border_color(const BorderFields& border, const VpcJob& job) {
  std::array<uint8_t, 3> color;
  for (int c = 0; c < 3; ++c)
    color[c] = saturate(border.value[c]);
  const bool to_yuv = job.output.format->family != ColorFamily::kRgb;
  const bool given_as_yuv = to_yuv && job.input.format->family != ColorFamily::kRgb;
  if (to_yuv && !given_as_yuv) {
    Picture pixel{find_pixel_format(PIXEL_FORMAT_RGB_888),   1, 1, 3, 1,
                  reinterpret_cast<std::byte*>(color.data())};
    std::array<uint8_t, 3> yuv{};
    Picture target{find_pixel_format(PIXEL_FORMAT_YUV_PACKED_444), 1, 1, 3, 1,
                   reinterpret_cast<std::byte*>(yuv.data())};
    scale_picture(pixel, whole(pixel), target, whole(target), Interpolation::kNearest, job.matrix);
    return yuv;
  }
  return color;
}

/// Fills everything outside `inner` with the border's colour, or with the nearest sample of the inside.
void draw_border(const Picture& output, const Rectangle& inner, const BorderFields& border,
                 const std::array<uint8_t, 3>& color) {
  for (int c = 0; c < output.format->component_count; ++c) {
    const ComponentLayout& layout = output.format->components[c];
    const auto last_sample = [](uint32_t pixel, uint32_t per) { return static_cast<int>(pixel / per); };
    const int left = last_sample(inner.left, layout.columns);
    const int right = last_sample(inner.right, layout.columns);
    const int top = last_sample(inner.top, layout.rows);
    const int bottom = last_sample(inner.bottom, layout.rows);
    const int columns = static_cast<int>(output.width) / layout.columns;
    const int rows = static_cast<int>(output.height) / layout.rows;
    const size_t stride = output.plane_stride(layout);
    std::byte* const plane = output.plane(layout) + layout.offset;
    const auto constant = std::byte{c < 3 ? color[c] : uint8_t{255}};
    for (int y = 0; y < rows; ++y) {
      std::byte* const line = plane + y * stride;
      const std::byte* const nearest_line = plane + std::clamp(y, top, bottom) * stride;
      for (int x = 0; x < columns; ++x) {
        if (x >= left && x <= right && y >= top && y <= bottom) {
          x = right;  // Skip the inside.
          continue;
        }
        line[size_t{static_cast<uint32_t>(x)} * layout.step] =
            border.type == BORDER_CONSTANT ? constant
                                           : nearest_line[std::clamp(x, left, right) * layout.step];
      }
    }
  }
}

Status VpcJob::run(const BorderFields* border) const {
  VpcJob here = *this;
  Status status = resolve_memory(here.input, "input");
  if (status.is_ok()) status = resolve_memory(here.output, "output");
  if (status.is_ok()) {
    try {
      scale_picture(here.input, from, here.output, to, interpolation, matrix);
      if (border != nullptr) draw_border(here.output, to, *border, border_color(*border, here));
    } catch (const std::bad_alloc&) {
      status = error(ACL_ERROR_BAD_ALLOC, "VPC1-039",
                     "the host has no memory left for a picture of {}x{} pixels", to.width(), to.height());
    }
  }
  result->update([&](PicFields& fields) {
    fields.ret_code = static_cast<uint32_t>(status.code());
    fields.width_stride = output.width_stride;
    fields.height_stride = output.height_stride;
  });
  return status;
}

/// What all jobs of a call have in common.
struct CallSettings {
  ChannelSettings channel;
  ResizeConfig::Choice choice{Interpolation::kBilinear, false};
};

Result<CallSettings> settings_of(const acldvppChannelDesc* channel) {
  CAIRN_ASSIGN(const ChannelSettings settings, use_channel(channel, DVPP_CHNMODE_VPC));
  return CallSettings{settings};
}

Result<CallSettings> settings_of(const acldvppChannelDesc* channel, const acldvppResizeConfig* resize) {
  CAIRN_ASSIGN(CallSettings settings, settings_of(channel));
  CAIRN_ASSIGN(const Ref<ResizeConfig> config, find<ResizeConfig>(resize, "resizeConfig", "VPC1-042"));
  settings.choice = config->choice(Runtime::get().soc().family);
  return settings;
}

Result<Rectangle> area_of(const acldvppRoiConfig* roi, const char* argument) {
  CAIRN_ASSIGN(const Ref<RoiConfig> config, find<RoiConfig>(roi, argument, "VPC1-081"));
  return config->area();
}

/// A job from `from` to `to` (empty: the whole picture), checked.
Result<VpcJob> make_job(const CallSettings& settings, const PicFields& input, const Ref<PicDesc>& output,
                        const VpcLimits& limits, std::optional<Rectangle> from, std::optional<Rectangle> to) {
  VpcJob job;
  CAIRN_ASSIGN(job.input, check_input(input, limits));
  CAIRN_ASSIGN(job.output, check_output(output->fields(), limits));
  CAIRN_RETURN_IF_ERROR(check_formats(job.input, job.output));
  if (from) CAIRN_RETURN_IF_ERROR(check_crop(*from, job.input));
  if (to) CAIRN_RETURN_IF_ERROR(check_paste(*to, job.output));
  job.from = from.value_or(whole(job.input));
  job.to = to.value_or(whole(job.output));
  job.interpolation = settings.choice.interpolation;
  job.matrix = settings.channel.matrix;
  if (settings.choice.high_order)
    CAIRN_RETURN_IF_ERROR(check_high_order(job.input, job.from, job.output, job.to));
  job.result = output;
  return job;
}

struct Descriptions {
  PicFields input;
  Ref<PicDesc> output;
};

Result<Descriptions> descriptions_of(const VpcPictureCall& call) {
  CAIRN_ASSIGN(const Ref<PicDesc> input, find<PicDesc>(call.input, "inputDesc", "VPC1-093"));
  CAIRN_ASSIGN(Ref<PicDesc> output, find<PicDesc>(call.output, "outputDesc", "VPC1-093"));
  return Descriptions{input->fields(), std::move(output)};
}

void add_accesses(const VpcJob& job, std::vector<MemoryAccess>& list) {
  const auto size = [](const Picture& picture) {
    return picture.format->memory_size(picture.width_stride, picture.height_stride);
  };
  list.push_back({job.input.data, size(job.input), MemoryAccess::Kind::kReadParts});
  list.push_back({job.output.data, size(job.output), MemoryAccess::Kind::kWrite});
}

Status launch(const char* function, aclrtStream stream_handle, VpcJob job) {
  CAIRN_ASSIGN(const Ref<Stream> stream, Runtime::get().stream(stream_handle));
  observe([&](Observer& watching) {
    std::vector<MemoryAccess> accesses;
    add_accesses(job, accesses);
    watching.task_launched(stream.get(), function, accesses);
  });
  return Stream::launch(stream, function, [job = std::move(job)](Stream&) { return job.run(nullptr); });
}

struct PictureCallKind {
  const char* function;
  const VpcLimits& limits;
  bool crops;
  bool pastes;
  bool has_config;
};

Result<VpcJob> make_picture_job(const VpcPictureCall& call, const PictureCallKind& kind) {
  CAIRN_ASSIGN(const CallSettings settings,
               kind.has_config ? settings_of(call.channel, call.resize) : settings_of(call.channel));
  CAIRN_ASSIGN(const Descriptions pictures, descriptions_of(call));
  std::optional<Rectangle> crop;
  std::optional<Rectangle> paste;
  if (kind.crops) {
    CAIRN_ASSIGN(crop, area_of(call.crop, "cropArea"));
  }
  if (kind.pastes) {
    CAIRN_ASSIGN(paste, area_of(call.paste, "pasteArea"));
  }
  return make_job(settings, pictures.input, pictures.output, kind.limits, crop, paste);
}

Status run_picture_call(const VpcPictureCall& call, const PictureCallKind& kind) {
  CAIRN_ASSIGN(VpcJob job, make_picture_job(call, kind));
  return launch(kind.function, call.stream, std::move(job));
}

struct BatchCallKind {
  const char* function;
  const VpcLimits& limits;
  bool pastes;
  bool borders;
  bool has_config;
};

/// The number of output pictures, after checking the counts [VPC1-052].
Status check_counts(const VpcBatchCall& call, const BatchPicDesc& inputs, const BatchPicDesc& outputs) {
  if (call.roi_counts == nullptr || call.crops == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-052", "roiNums or cropAreas is null; pass arrays");
  if (call.count != inputs.size())
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-052",
                 "roiNums has {} numbers for {} input pictures; give one for each", call.count,
                 inputs.size());
  uint64_t sum = 0;
  for (uint32_t i = 0; i < call.count; ++i)
    sum += call.roi_counts[i];
  if (sum > kMostAreas || sum != outputs.size())
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-052",
                 "roiNums has a sum of {}; it has to be the number of output pictures ({}), and {} at most",
                 sum, outputs.size(), kMostAreas);
  return {};
}

Result<BorderFields> border_of(const acldvppBorderConfig* handle, const Picture& output) {
  CAIRN_ASSIGN(const Ref<BorderConfig> config, find<BorderConfig>(handle, "borderCfgs", "VPC1-067"));
  const BorderFields border = config->fields();
  if (border.type != BORDER_CONSTANT && border.type != BORDER_REPLICATE)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-068",
                 "border type {} cannot be drawn; give BORDER_CONSTANT or BORDER_REPLICATE",
                 static_cast<int>(border.type));
  if (uint64_t{border.left} + border.right >= output.width ||
      uint64_t{border.top} + border.bottom >= output.height)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-070",
                 "a border of {} + {} columns and {} + {} lines leaves nothing of a picture of {}x{} pixels",
                 border.left, border.right, border.top, border.bottom, output.width, output.height);
  return border;
}

Result<BorderedJob> make_batch_job(const VpcBatchCall& call, const BatchCallKind& kind,
                                   const CallSettings& settings, const PicFields& input,
                                   const Ref<PicDesc>& output, uint32_t index) {
  CAIRN_ASSIGN(const Rectangle crop, area_of(call.crops[index], "cropAreas"));
  std::optional<Rectangle> paste;
  if (kind.pastes) {
    CAIRN_ASSIGN(paste, area_of(call.pastes[index], "pasteAreas"));
  }
  BorderedJob result;
  CAIRN_ASSIGN(result.job, make_job(settings, input, output, kind.limits, crop, paste));
  if (kind.borders) {
    CAIRN_ASSIGN(result.border, border_of(call.borders[index], result.job.output));
    Rectangle& to = result.job.to;
    to = {result.border->left, to.right - result.border->right, result.border->top,
          to.bottom - result.border->bottom};
    CAIRN_RETURN_IF_ERROR(check_paste(to, result.job.output));
  }
  return result;
}

Status run_batch_call(const VpcBatchCall& call, const BatchCallKind& kind) {
  CAIRN_ASSIGN(const CallSettings settings,
               kind.has_config ? settings_of(call.channel, call.resize) : settings_of(call.channel));
  if (kind.borders && settings.choice.high_order)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-069",
                 "borders cannot be made with the high-order filter; choose another one");
  CAIRN_ASSIGN(const Ref<BatchPicDesc> inputs,
               find<BatchPicDesc>(call.inputs, "srcBatchPicDescs", "VPC1-093"));
  CAIRN_ASSIGN(const Ref<BatchPicDesc> outputs,
               find<BatchPicDesc>(call.outputs, "dstBatchPicDescs", "VPC1-093"));
  CAIRN_RETURN_IF_ERROR(check_counts(call, *inputs, *outputs));
  if ((kind.pastes && call.pastes == nullptr) || (kind.borders && call.borders == nullptr))
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-064", "pasteAreas or borderCfgs is null; pass an array");
  auto jobs = std::make_unique<std::vector<BorderedJob>>();
  uint32_t next = 0;
  for (uint32_t i = 0; i < call.count; ++i) {
    const PicFields input = inputs->picture(i)->fields();
    for (uint32_t k = 0; k < call.roi_counts[i]; ++k, ++next) {
      CAIRN_ASSIGN(BorderedJob job,
                   make_batch_job(call, kind, settings, input, outputs->picture(next), next));
      jobs->push_back(std::move(job));
    }
  }
  CAIRN_ASSIGN(const Ref<Stream> stream, Runtime::get().stream(call.stream));
  observe([&](Observer& watching) {
    std::vector<MemoryAccess> accesses;
    for (const BorderedJob& job : *jobs)
      add_accesses(job.job, accesses);
    watching.task_launched(stream.get(), kind.function, accesses);
  });
  return Stream::launch(stream, kind.function, [jobs = std::move(jobs)](Stream&) {
    Status first;
    for (const BorderedJob& job : *jobs) {
      Status status = job.job.run(job.border ? &*job.border : nullptr);
      if (first.is_ok()) first = std::move(status);
    }
    return first;
  });
}

}  // namespace

Status vpc_resize(const VpcPictureCall& call) {
  return run_picture_call(call, {"acldvppVpcResizeAsync", kResizeLimits, false, false, true});
}

Status vpc_crop(const VpcPictureCall& call) {
  CAIRN_ASSIGN(VpcJob job, make_picture_job(call, {"acldvppVpcCropAsync", kCropLimits, true, false, false}));
  constexpr uint32_t kWideOutput = 4096;
  constexpr PictureSize kLeastForWideOutput{128, 16};
  if (job.output.width > kWideOutput &&
      (job.input.width < kLeastForWideOutput.width || job.input.height < kLeastForWideOutput.height))
    return error(
        ACL_ERROR_INVALID_PARAM, "VPC1-045",
        "the input picture is {}x{} pixels; for an output picture wider than {} it needs at least {}x{}",
        job.input.width, job.input.height, kWideOutput, kLeastForWideOutput.width,
        kLeastForWideOutput.height);
  return launch("acldvppVpcCropAsync", call.stream, std::move(job));
}

Status vpc_crop_resize(const VpcPictureCall& call) {
  return run_picture_call(call, {"acldvppVpcCropResizeAsync", kCropResizeLimits, true, false, true});
}

Status vpc_crop_and_paste(const VpcPictureCall& call) {
  return run_picture_call(call, {"acldvppVpcCropAndPasteAsync", kPasteLimits, true, true, false});
}

Status vpc_crop_resize_paste(const VpcPictureCall& call) {
  return run_picture_call(call, {"acldvppVpcCropResizePasteAsync", kPasteLimits, true, true, true});
}

Status vpc_convert_color(const VpcPictureCall& call) {
  const SocProfile& soc = Runtime::get().soc();
  if (!soc.lenient && (soc.family == SocFamily::k310 || soc.family == SocFamily::k910))
    return error(ACL_ERROR_FEATURE_UNSUPPORTED, "GM1-030",
                 "{} does not convert formats by this function; set different formats "
                 "for a crop or resize",
                 soc.name);
  CAIRN_ASSIGN(const CallSettings settings, settings_of(call.channel));
  CAIRN_ASSIGN(const Descriptions pictures, descriptions_of(call));
  const PicFields& input = pictures.input;
  // A side of 0 is taken from the input, with the strides of the format table [VPC1-075].
  pictures.output->update([&](PicFields& fields) {
    if (fields.width != 0 && fields.height != 0) return;
    fields.width = input.width;
    fields.height = input.height;
    fields.width_stride = 0;
    fields.height_stride = 0;
  });
  const PicFields output = pictures.output->fields();
  if (output.width != input.width || output.height != input.height)
    return error(ACL_ERROR_INVALID_PARAM, "VPC1-074",
                 "the output picture is {}x{} pixels, the input {}x{}; they have to be equal", output.width,
                 output.height, input.width, input.height);
  CAIRN_ASSIGN(VpcJob job, make_job(settings, input, pictures.output, kConvertLimits, {}, {}));
  return launch("acldvppVpcConvertColorAsync", call.stream, std::move(job));
}

Status vpc_batch_crop(const VpcBatchCall& call) {
  return run_batch_call(call, {"acldvppVpcBatchCropAsync", kBatchCropLimits, false, false, false});
}

Status vpc_batch_crop_resize(const VpcBatchCall& call) {
  return run_batch_call(call, {"acldvppVpcBatchCropResizeAsync", kBatchCropResizeLimits, false, false, true});
}

Status vpc_batch_crop_and_paste(const VpcBatchCall& call) {
  return run_batch_call(call, {"acldvppVpcBatchCropAndPasteAsync", kPasteLimits, true, false, false});
}

Status vpc_batch_crop_resize_paste(const VpcBatchCall& call) {
  return run_batch_call(call, {"acldvppVpcBatchCropResizePasteAsync", kPasteLimits, true, false, true});
}

Status vpc_batch_crop_resize_make_border(const VpcBatchCall& call) {
  return run_batch_call(
      call, {"acldvppVpcBatchCropResizeMakeBorderAsync", kBatchCropResizeLimits, false, true, true});
}

}  // namespace cairn
