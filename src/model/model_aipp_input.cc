// From an aclmdlAIPP into the input of a model that takes the parameters of dynamic AIPP.
#include <algorithm>

#include "aipp/aipp_block.h"
#include "aipp/aipp_params.h"
#include "base/observer.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "model/dataset.h"
#include "model/model.h"
#include "model/model_aipp.h"
#include "om/om_aipp.h"
#include "tensor/data_buffer.h"

namespace cairn {
namespace {

Result<const OmInput*> input_of(const ModelInfo& info, size_t index, std::string_view rule) {
  if (index < info.inputs.size()) return &info.inputs[index];
  return error(ACL_ERROR_INVALID_PARAM, rule, "index is {}, but the model has {} inputs; the first one is 0",
               index, info.inputs.size());
}

/// With gears of sizes only whole images of the largest size.
Status check_image_gear(const std::vector<AippParams>& images, const AippOutput& largest) {
  for (const AippParams& image : images)
    if (image.crop || image.padding)
      return error(ACL_ERROR_INVALID_PARAM, "GDM-049",
                   "crop or padding is on, but the model has gears of image sizes; turn both off");
  const AippParams& first = images.front();
  if (first.src_image_size_w == largest.width && first.src_image_size_h == largest.height) return {};
  return error(ACL_ERROR_INVALID_PARAM, "GDM-050",
               "the source image is {} x {} (width x height), but the largest gear is {} x {}; with dynamic "
               "AIPP both must be the same",
               first.src_image_size_w, first.src_image_size_h, largest.width, largest.height);
}

/// What the images are for: the network's input in the largest gear, or in the sizes that the images have.
Result<AippOutput> wanted_output(const ModelInfo& info, size_t index, const std::vector<AippParams>& images) {
  OmInput input = info.inputs[index];
  if (!info.has_open_shapes) input.aipp->original = info.gears[info.largest_gear].network_inputs[index];
  OmTensor written = input.aipp->original;
  CAIRN_ASSIGN(written.dims, dims_behind_aipp(input, images.front(), static_cast<int64_t>(images.size())));
  return om_aipp_output(written);
}

/// The parameters suit the model, each image by itself [AIPP-005] [AIPP-006].
Status check_images(const ModelInfo& info, size_t index, const std::vector<AippParams>& images) {
  const OmInput& image_input = info.inputs[index];
  const AippParams& first = images.front();
  if (first.src_image_size_w == 0 || first.src_image_size_h == 0)
    return error(ACL_ERROR_INVALID_PARAM, "AIPP-036",
                 "the size of the source image is not set; call acl.mdl.set_aipp_src_image_size");
  CAIRN_ASSIGN(const AippOutput output, wanted_output(info, index, images));
  const size_t bytes =
      images.size() * aipp_image_bytes(first.input_format, first.src_image_size_w, first.src_image_size_h);
  if (bytes > image_input.bytes)
    return error(ACL_ERROR_INVALID_PARAM, "GDM-048",
                 "{} images of {} x {} pixels have {} bytes, input {} of the model has {}; convert it with a "
                 "larger max_src_image_size",
                 images.size(), first.src_image_size_w, first.src_image_size_h, bytes, image_input.name,
                 image_input.bytes);
  if (info.gear_kind == OmGearKind::kImage) CAIRN_RETURN_IF_ERROR(check_image_gear(images, output));
  for (size_t i = 0; i < images.size(); ++i) {
    const Status status = resolve(images[i], output).status();
    if (status.is_ok()) continue;
    return Status(status.code(), fmt::format("{} (image {} of the batch)", status.text(), i));
  }
  return {};
}

/// The data buffer's memory, large enough for the parameters.
Result<std::byte*> parameter_memory(const void* dataset, const ModelInfo& info, size_t index) {
  CAIRN_ASSIGN(const Ref<Dataset> inputs, find<Dataset>(dataset, "dataset", "GDM-054"));
  if (inputs->count() != info.inputs.size())
    return error(ACL_ERROR_INVALID_PARAM, "GDM-061",
                 "the dataset has {} data buffers, the model {} inputs; add one for each input first",
                 inputs->count(), info.inputs.size());
  CAIRN_ASSIGN(const DataBuffer::Contents buffer,
               DataBuffer::read(inputs->buffer(index), "dataset", "GDM-061"));
  const auto [data, size] = buffer;
  const size_t needed = info.inputs[index].bytes;
  if (data == nullptr)
    return error(ACL_ERROR_GE_DYNAMIC_INPUT_ADDR_INVALID, "GDM-061",
                 "the data buffer of input {} has no memory; it needs {} bytes of acl.rt.malloc",
                 info.inputs[index].name, needed);
  if (size < needed)
    return error(ACL_ERROR_GE_DYNAMIC_INPUT_LENGTH_INVALID, "GDM-061",
                 "the data buffer of input {} has {} bytes, the parameters need {}; ask "
                 "acl.mdl.get_input_size_by_index",
                 info.inputs[index].name, size, needed);
  return static_cast<std::byte*>(data);
}

/// `index`: of the image input.
Status write_parameters(const ModelInfo& info, size_t index, const void* dataset, const void* aipp) {
  const OmInput& image_input = info.inputs[index];
  CAIRN_ASSIGN(const Ref<ModelAipp> given, find<ModelAipp>(aipp, "aippParmsSet", "AIPP-067"));
  const std::vector<AippParams> images = given->images();
  CAIRN_RETURN_IF_ERROR(check_images(info, index, images));
  CAIRN_ASSIGN(std::byte* const memory, parameter_memory(dataset, info, image_input.aipp->parameters));
  std::vector<std::byte> block(aipp_block_bytes(images.size()));
  write_aipp_block(images, block);
  CAIRN_ASSIGN(std::byte* const target, Runtime::get().resolve_any(memory, block.size(), "input", "GDM-061"));
  observe([&](Observer& watching) {
    const MemoryAccess list[] = {{memory, block.size(), MemoryAccess::Kind::kWrite}};
    watching.accessed("aclmdlSetInputAIPP", list);
  });
  if (guarded_copy(target, block.data(), block.size())) return {};
  return error(ACL_ERROR_GE_DYNAMIC_INPUT_ADDR_INVALID, "GDM-061",
               "the data buffer of input {} names memory that cannot be written",
               info.inputs[image_input.aipp->parameters].name);
}

}  // namespace

Status set_input_aipp(uint32_t model_id, const void* dataset, size_t index, const void* aipp) {
  CAIRN_ASSIGN(const std::shared_ptr<Model> model, ModelTable::get().find(model_id));
  const ModelInfo& info = model->info();
  CAIRN_ASSIGN(const OmInput* const input, input_of(info, index, "AIPP-058"));
  const auto image = std::ranges::find_if(info.inputs, [&](const OmInput& candidate) {
    return candidate.aipp && candidate.aipp->is_dynamic() && candidate.aipp->parameters == index;
  });
  if (image == info.inputs.end())
    return error(
        ACL_ERROR_INVALID_PARAM, "AIPP-058",
        "index is {}, but input {} takes no parameters of dynamic AIPP; acl.mdl.get_aipp_type of the "
        "image's input gives the index",
        index, input->name);
  return write_parameters(info, static_cast<size_t>(image - info.inputs.begin()), dataset, aipp);
}

Status set_aipp_by_input_index(uint32_t model_id, const void* dataset, size_t index, const void* aipp) {
  CAIRN_ASSIGN(const std::shared_ptr<Model> model, ModelTable::get().find(model_id));
  const ModelInfo& info = model->info();
  CAIRN_ASSIGN(const OmInput* const input, input_of(info, index, "AIPP-003"));
  if (!input->aipp || !input->aipp->is_dynamic())
    return error(ACL_ERROR_GE_AIPP_NOT_EXIST, "AIPP-003",
                 "input {} ({}) has no dynamic AIPP; pass the index of an image's input for which "
                 "acl.mdl.get_aipp_type tells type 2",
                 index, input->name);
  return write_parameters(info, index, dataset, aipp);
}

}  // namespace cairn
