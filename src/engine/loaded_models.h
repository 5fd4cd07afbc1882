// The models that are loaded now, by what their files hold: a file that is loaded again shares them.
#pragma once

#include <map>
#include <memory>
#include <mutex>

#include "engine/blob_cache.h"
#include "engine/engine.h"

namespace cairn {

/// Thread-safe.
class LoadedModels {
 public:
  /// Null if no model with this content is loaded.
  std::shared_ptr<Executable> find(const BlobCache::Key& content) const {
    const std::lock_guard lock(mutex_);
    const auto known = models_.find(content);
    return known == models_.end() ? nullptr : known->second.lock();
  }
  void add(const BlobCache::Key& content, const std::shared_ptr<Executable>& model) {
    const std::lock_guard lock(mutex_);
    std::erase_if(models_, [](const auto& entry) { return entry.second.expired(); });
    models_[content] = model;
  }

 private:
  mutable std::mutex mutex_;
  std::map<BlobCache::Key, std::weak_ptr<Executable>> models_;
};

}  // namespace cairn
