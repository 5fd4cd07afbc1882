#include "compiler/weight_folder.h"

#include <algorithm>
#include <set>

#include "compiler/compile_error.h"
#include "compiler/output_file.h"
#include "om/om_checksum.h"

namespace cairn {
namespace {

/// Hands on a stream of bytes in pieces that do not cross the ends of parts.
class PartSink {
 public:
  using Take = std::function<Status(std::span<const std::byte> bytes, bool begins, bool ends)>;
  PartSink(const std::vector<uint64_t>& ends, Take take) : ends_(ends), take_(std::move(take)) {}

  Status operator()(std::span<const std::byte> bytes) {
    while (!bytes.empty() && part_ < ends_.size()) {
      const uint64_t left = ends_[part_] - position_;
      const auto piece = bytes.first(std::min<uint64_t>(left, bytes.size()));
      CAIRN_RETURN_IF_ERROR(take_(piece, begins_, piece.size() == left));
      begins_ = piece.size() == left;
      part_ += begins_ ? 1 : 0;
      position_ += piece.size();
      bytes = bytes.subspan(piece.size());
    }
    return {};
  }

 private:
  const std::vector<uint64_t>& ends_;
  const Take take_;
  size_t part_ = 0;
  uint64_t position_ = 0;
  bool begins_ = true;
};

}  // namespace

std::vector<uint64_t> constant_offsets(const OmModel& model) {
  std::set<uint64_t> offsets;
  for (const OmNode& node : model.nodes)
    if (node.weight_offset) offsets.insert(*node.weight_offset);
  return {offsets.begin(), offsets.end()};
}

WeightFolder::~WeightFolder() {
  std::error_code ignored;
  for (const std::filesystem::path& file : made_)
    std::filesystem::remove(file, ignored);
}

Status WeightFolder::measure(const OmWeightStream& weights, const std::vector<uint64_t>& ends) {
  uint64_t bytes = 0;
  auto checksum = std::make_unique<OmChecksum>();
  return weights.write(PartSink(ends, [&](std::span<const std::byte> piece, bool, bool is_end) {
    checksum->add(piece);
    bytes += piece.size();
    if (!is_end) return Status();
    parts_.push_back({bytes, checksum->value()});
    bytes = 0;
    checksum = std::make_unique<OmChecksum>();
    return Status();
  }));
}

Status WeightFolder::write(const OmWeightStream& weights, std::vector<uint64_t> cuts) {
  std::erase_if(cuts, [&](uint64_t cut) { return cut == 0 || cut >= weights.bytes; });
  cuts.push_back(weights.bytes);
  CAIRN_RETURN_IF_ERROR(measure(weights, cuts));

  std::error_code failure;
  std::filesystem::create_directories(folder_, failure);
  if (failure) return compile_error("E19001", {folder_.string(), failure.message()});
  size_t part = 0;
  std::optional<OutputFile> file;
  return weights.write(
      PartSink(cuts, [&](std::span<const std::byte> piece, bool begins, bool ends) -> Status {
        if (begins) {
          const std::filesystem::path path = folder_ / parts_[part++].name();
          std::error_code ignored;
          if (!std::filesystem::exists(path, ignored)) made_.push_back(path);
          file.emplace();
          CAIRN_RETURN_IF_ERROR(file->open(path));
        }
        CAIRN_RETURN_IF_ERROR(file->write(piece));
        return ends ? file->commit() : Status();
      }));
}

}  // namespace cairn
