// `--external_weight`: the folder that takes the weights of a model.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "om/om_model.h"

namespace cairn {

/// Where in the weights the constants of the model begin, in order.
std::vector<uint64_t> constant_offsets(const OmModel& model);

/// Files that this object has written go with it, until keep() is called.
class WeightFolder {
 public:
  explicit WeightFolder(std::filesystem::path folder) : folder_(std::move(folder)) {}
  WeightFolder(const WeightFolder&) = delete;
  WeightFolder& operator=(const WeightFolder&) = delete;
  ~WeightFolder();

  /// A file for the weights up to each of `cuts`, and one for the rest. A file that is there already belongs
  /// to a model with the same constant: it is written anew, and stays.
  Status write(const OmWeightStream& weights, std::vector<uint64_t> cuts);
  void keep() { made_.clear(); }

  const std::vector<OmWeightFile>& parts() const { return parts_; }

 private:
  Status measure(const OmWeightStream& weights, const std::vector<uint64_t>& ends);
  const std::filesystem::path folder_;
  std::vector<OmWeightFile> parts_;
  std::vector<std::filesystem::path> made_;
};

}  // namespace cairn
