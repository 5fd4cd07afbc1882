#include "media/v1/batch_pic_desc.h"

namespace cairn {

Result<std::unique_ptr<BatchPicDesc>> BatchPicDesc::create(uint32_t size) {
  if (size == 0 || size > kMostPictures)
    return error(ACL_ERROR_INVALID_PARAM, "M1-076", "batchSize {} is out of range; give 1 to {}", size,
                 kMostPictures);
  std::unique_ptr<BatchPicDesc> batch(new BatchPicDesc);
  for (uint32_t i = 0; i < size; ++i) {
    Ref<PicDesc> picture = handle_table<PicDesc>().insert(std::make_unique<PicDesc>(true));
    if (!picture)
      return error(ACL_ERROR_BAD_ALLOC, "M1-076", "too many picture descriptions exist; destroy some");
    batch->handles_.push_back(picture.handle());
    batch->pictures_.push_back(std::move(picture));
  }
  return batch;
}

BatchPicDesc::~BatchPicDesc() {
  for (void* handle : handles_)
    handle_table<PicDesc>().remove(handle);
}

}  // namespace cairn
