#include "device/page_account.h"

#include "acl/acl_base.h"

namespace cairn {
namespace {

// The part of the memory that huge pages leave to normal ones.
constexpr size_t kNormalShare = 8;

}  // namespace

size_t PageAccount::huge_total(size_t used) const {
  const size_t normal = std::max(capacity_ / kNormalShare, used - std::min(used, used_huge_));
  const size_t rest = capacity_ - std::min(capacity_, normal);
  return std::max(used_huge_, rest / kHugePageBytes * kHugePageBytes);
}

Result<PageKind> PageAccount::charge(size_t size, size_t bytes, PageChoice choice) {
  const size_t used = used_.load(std::memory_order_relaxed);
  if (bytes > capacity_ - used)
    return error(ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-193",
                 "device {} has no {} bytes left ({} of {} bytes are in use); free memory first", device_id_,
                 bytes, used, capacity_);
  const size_t huge_free = huge_total(used) - used_huge_;
  if (choice == PageChoice::kHugeOnly && bytes > huge_free)
    return error(
        ACL_ERROR_RT_MEMORY_ALLOCATION, "RT-135",
        "device {} has no huge pages for {} bytes left ({} bytes are free); take ACL_MEM_MALLOC_HUGE_FIRST",
        device_id_, bytes, huge_free);
  const bool huge = !has_normal_pages(size, choice) && bytes <= huge_free;
  used_.fetch_add(bytes, std::memory_order_relaxed);
  if (huge) used_huge_ += bytes;
  return huge ? PageKind::kHuge : PageKind::kNormal;
}

void PageAccount::discharge(size_t bytes, PageKind pages) {
  used_.fetch_sub(bytes, std::memory_order_relaxed);
  if (pages == PageKind::kHuge) used_huge_ -= bytes;
}

void PageAccount::clear() {
  used_.store(0);
  used_huge_ = 0;
}

MemoryUse PageAccount::use(size_t cached) const {
  return {capacity_ - std::min(capacity_, used(cached)), capacity_};
}

MemoryUse PageAccount::use(PageKind pages, size_t cached) const {
  const size_t total = huge_total(used(cached));
  const size_t free = total - used_huge_;
  if (pages == PageKind::kHuge) return {free, total};
  const size_t all_free = use(cached).free_bytes;
  return {all_free - std::min(all_free, free), capacity_ - total};
}

}  // namespace cairn
