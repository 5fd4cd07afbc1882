#include "dump/dump_file.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <memory>
#include <mutex>
#include <string_view>

#include "dump/tensor_statistics.h"
#include "om/om_types.h"

namespace cairn {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestName = 255;
constexpr std::string_view kVersion = "2.0";

/// A protobuf message that is being written.
class Message {
 public:
  void number(uint32_t field, uint64_t value) {
    varint(uint64_t{field} << 3);
    varint(value);
  }
  void bytes(uint32_t field, std::string_view value) {
    varint(uint64_t{field} << 3 | 2);
    varint(value.size());
    text_ += value;
  }
  void message(uint32_t field, const Message& value) { bytes(field, value.text_); }
  const std::string& text() const { return text_; }

 private:
  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      text_ += static_cast<char>(value | 0x80);
    text_ += static_cast<char>(value);
  }

  std::string text_;
};

Message shape_of(const DumpTensor& tensor) {
  Message shape;
  for (const int64_t dim : tensor.dims)
    shape.number(1, static_cast<uint64_t>(dim));
  return shape;
}

uint64_t format_number(aclFormat format) {
  constexpr uint64_t kReserved = 40;
  return format == ACL_FORMAT_UNDEFINED ? kReserved : static_cast<uint64_t>(format);
}

uint64_t type_number(aclDataType type) {
  return static_cast<uint64_t>(om::proto_type(type));
}

Message input_of(const DumpTensor& tensor) {
  Message input;
  input.number(1, type_number(tensor.data_type));
  input.number(2, format_number(tensor.format));
  input.message(3, shape_of(tensor));
  input.number(5, tensor.bytes.size());
  input.message(6, shape_of(tensor));
  return input;
}

Message output_of(const DumpTensor& tensor, size_t index, const DumpOperator& one) {
  Message output;
  output.number(1, type_number(tensor.data_type));
  output.number(2, format_number(tensor.format));
  output.message(3, shape_of(tensor));
  if (!one.original_names.empty()) {
    Message original;
    original.bytes(1, one.original_names.back());  // The last of several is the one whose output this is.
    original.number(2, index);
    original.number(3, type_number(tensor.data_type));
    original.number(4, format_number(tensor.format));
    output.message(4, original);
  }
  output.number(6, tensor.bytes.size());
  output.message(7, shape_of(tensor));
  return output;
}

Status cannot_write(const fs::path& path) {
  return error(ACL_ERROR_WRITE_FILE, "DUMP-021", "the dump file {} cannot be written: {}", path.string(),
               std::strerror(errno));
}

struct Close {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

class OutputFile {
 public:
  OutputFile(fs::path path, const char* mode)
      : path_(std::move(path)), file_(std::fopen(path_.c_str(), mode)) {}
  bool write(std::span<const std::byte> bytes) {
    return file_ &&
           (bytes.empty() || std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size());
  }
  bool write(std::string_view text) { return write(std::as_bytes(std::span(text))); }
  /// Everything has arrived.
  Status finish(bool good) {
    std::FILE* const file = file_.release();
    if (file == nullptr) return cannot_write(path_);
    if (std::fclose(file) != 0 || !good) return cannot_write(path_);
    return {};
  }

 private:
  fs::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

Status make_folder(const fs::path& folder) {
  std::error_code failure;
  fs::create_directories(folder, failure);
  if (!failure) return {};
  return error(ACL_ERROR_WRITE_FILE, "DUMP-021", "the dump directory {} cannot be made: {}", folder.string(),
               failure.message());
}

/// The name as the file system takes it; enters a number for a longer one into mapping.csv.
Result<std::string> short_name(const fs::path& folder, std::string name, uint64_t time,
                               std::string_view suffix) {
  if (name.size() + suffix.size() <= kLongestName) return name + std::string(suffix);
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  std::string digits = std::to_string(time) + std::string(suffix);
  OutputFile mapping(folder / "mapping.csv", "a");
  const bool good = mapping.write(fmt::format("{},{}{}\n", digits, name, suffix));
  CAIRN_RETURN_IF_ERROR(mapping.finish(good));
  return digits;
}

std::string replaced(std::string_view name, bool (*is_kept)(unsigned char)) {
  std::string text(name);
  std::replace_if(
      text.begin(), text.end(), [&](char letter) { return !is_kept(static_cast<unsigned char>(letter)); },
      '_');
  return text;
}

}  // namespace

std::string dump_name(std::string_view name) {
  return replaced(name, [](unsigned char letter) {
    // Blanks include line ends; a null would cut the name.
    return letter > ' ' && std::string_view("./\\").find(static_cast<char>(letter)) == std::string_view::npos;
  });
}

std::string dump_directory_name(std::string_view model_name) {
  std::string name = replaced(model_name.substr(0, kLongestName), [](unsigned char letter) {
    return letter < 0x80 && (std::isalnum(letter) != 0 || letter == '_');
  });
  return name.empty() ? "_" : name;
}

uint64_t next_dump_time() {
  static std::atomic<uint64_t> last{0};
  const auto now = static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(
                                             std::chrono::system_clock::now().time_since_epoch())
                                             .count());
  uint64_t before = last.load(std::memory_order_relaxed);
  uint64_t mine = 0;
  do {
    mine = std::max(now, before + 1);
  } while (!last.compare_exchange_weak(before, mine, std::memory_order_relaxed));
  return mine;
}

std::string dump_file_name(const DumpOperator& one, uint64_t time) {
  return fmt::format("{}.{}.{}.{}.{}", dump_name(one.type), dump_name(one.name), one.task_id, one.stream_id,
                     time);
}

std::string dump_file_head(const DumpOperator& one, uint64_t time) {
  Message data;
  data.bytes(1, kVersion);
  data.number(2, time);
  for (size_t i = 0; i < one.outputs.size(); ++i)
    data.message(3, output_of(one.outputs[i], i, one));
  for (const DumpTensor& input : one.inputs)
    data.message(4, input_of(input));
  data.bytes(6, one.name);
  const uint64_t size = data.text().size();
  std::string head(sizeof size, '\0');
  std::memcpy(head.data(), &size, sizeof size);
  return head + data.text();
}

Status write_dump_file(const fs::path& folder, const DumpOperator& one, uint64_t time) {
  CAIRN_RETURN_IF_ERROR(make_folder(folder));
  CAIRN_ASSIGN(const std::string name, short_name(folder, dump_file_name(one, time), time, ""));
  OutputFile file(folder / name, "wb");
  bool good = file.write(dump_file_head(one, time));
  for (const DumpTensor& input : one.inputs)
    good = good && file.write(input.bytes);
  for (const DumpTensor& output : one.outputs)
    good = good && file.write(output.bytes);
  return file.finish(good);
}

Status write_dump_statistics(const fs::path& folder, const DumpOperator& one, uint64_t time,
                             unsigned wanted) {
  CAIRN_RETURN_IF_ERROR(make_folder(folder));
  CAIRN_ASSIGN(const std::string name, short_name(folder, dump_file_name(one, time), time, ".csv"));
  OutputFile file(folder / name, "wb");
  bool good = file.write(statistics_header(wanted) + "\n");
  const auto rows = [&](std::string_view side, const std::vector<DumpTensor>& tensors) {
    for (size_t i = 0; i < tensors.size(); ++i)
      good = good && file.write(fmt::format("{},{},{}\n", side, i, statistics_row(tensors[i], wanted)));
  };
  rows("Input", one.inputs);
  rows("Output", one.outputs);
  return file.finish(good);
}

}  // namespace cairn
