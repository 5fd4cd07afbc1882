// acldvppBatchPicDesc: a fixed number of picture descriptions.
#pragma once

#include <vector>

#include "media/v1/pic_desc.h"

namespace cairn {

/// Immutable but for its descriptions, which have handles of their own and end with the batch.
class BatchPicDesc {
 public:
  static constexpr HandleType kHandleType = HandleType::kDvppBatchPicDesc;
  /// The manual gives no limit; this one keeps a wild size from taking all memory.
  static constexpr uint32_t kMostPictures = 65536;

  static Result<std::unique_ptr<BatchPicDesc>> create(uint32_t size);
  BatchPicDesc(const BatchPicDesc&) = delete;
  BatchPicDesc& operator=(const BatchPicDesc&) = delete;
  ~BatchPicDesc();

  uint32_t size() const { return static_cast<uint32_t>(pictures_.size()); }
  const Ref<PicDesc>& picture(uint32_t index) const { return pictures_[index]; }
  /// The handle of a picture, as given to the program.
  acldvppPicDesc* handle(uint32_t index) const { return static_cast<acldvppPicDesc*>(handles_[index]); }

 private:
  BatchPicDesc() = default;

  std::vector<Ref<PicDesc>> pictures_;
  std::vector<void*> handles_;
};

}  // namespace cairn
