#include "model/model_load.h"

#include <sys/mman.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>
#include <span>
#include <utility>

#include "base/file_descriptor.h"
#include "device/context.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "model/engine_loader.h"
#include "model/model.h"
#include "om/om_partitions.h"
#include "om/om_weight_files.h"
#include "om/unread_weights.h"

namespace cairn {
namespace {

constexpr size_t kAlignment = 64;  // The weights in the file are aligned to this.
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kManyHugePages = 4 * kHugePage;
constexpr size_t kHeadBytes = 4096;  // The header and the longest table of partitions.
constexpr size_t kManyWeights = size_t{4} << 20;

struct Buffer {
  std::shared_ptr<std::byte[]> memory;
  size_t size;
};

Buffer allocate(size_t size) {
  // Pages of 2 MiB halve the time of reading a large file.
  const size_t alignment = size >= kManyHugePages ? kHugePage : kAlignment;
  if (size > SIZE_MAX - alignment) throw std::bad_alloc();
  const size_t rounded = (size / alignment + 1) * alignment;
  auto* memory = static_cast<std::byte*>(std::aligned_alloc(alignment, rounded));
  if (memory == nullptr) throw std::bad_alloc();
  if (alignment == kHugePage) madvise(memory, rounded, MADV_HUGEPAGE);
  return {std::shared_ptr<std::byte[]>(memory, [](std::byte* bytes) { std::free(bytes); }), size};
}

Status path_error(const char* path, const char* reason) {
  return error(ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID, "MDL-003", "the model file '{}' cannot be read: {}",
               path, reason);
}

/// Fills `target` with the file's bytes from `offset`.
Status read_part(const FileDescriptor& file, const char* path, size_t offset, std::span<std::byte> target) {
  const char* const reason = read_bytes(file.get(), offset, target);
  return reason == nullptr ? Status() : path_error(path, reason);
}

/// The weights in a file of which the first kHeadBytes were read; none if they are few or apart.
std::span<std::byte> many_weights(std::span<std::byte> file) {
  const Result<om::Table> table = om::read_table(file, OmUse::kExecuteKnown);
  if (!table.is_ok() || table->parts[om::kWeights].size() < kManyWeights) return {};
  const om::Bytes weights = table->parts[om::kWeights];
  return file.subspan(static_cast<size_t>(weights.data() - file.data()), weights.size());
}

/// The bytes of a regular file; -1 if there is none.
off_t regular_size(const FileDescriptor& file) {
  struct stat state {};
  return file && fstat(file.get(), &state) == 0 && S_ISREG(state.st_mode) ? state.st_size : -1;
}

Status weight_file_error(const std::filesystem::path& path, std::string_view reason) {
  return error(ACL_ERROR_GE_EXEC_LOAD_WEIGHT_PARTITION_FAILED, "MDL-004",
               "the weight file '{}' {}; the folder '{}' that atc has written must lie beside the om file",
               path.string(), reason, kOmWeightFolder);
}

/// The file with its weights in it. Sizes are checked before memory is taken.
Result<Buffer> join_weights(const Buffer& file, std::span<const OmWeightFile> parts,
                            const std::filesystem::path& folder) {
  for (const OmWeightFile& part : parts) {
    const std::filesystem::path path = folder / part.name();
    const off_t size = regular_size(FileDescriptor(path));
    if (size < 0) return weight_file_error(path, "is missing or cannot be read");
    if (static_cast<uint64_t>(size) != part.bytes)
      return weight_file_error(path, fmt::format("has {} bytes, the model needs {}", size, part.bytes));
  }
  Buffer whole = allocate(file.size + weight_file_bytes(parts));
  std::span<std::byte> place =
      make_room_for_weights({file.memory.get(), file.size}, {whole.memory.get(), whole.size});
  for (const OmWeightFile& part : parts) {
    const std::filesystem::path path = folder / part.name();
    const FileDescriptor opened(path);
    if (!opened) return weight_file_error(path, std::strerror(errno));
    CAIRN_RETURN_IF_ERROR(read_part(opened, path.c_str(), 0, place.first(part.bytes)));
    place = place.subspan(part.bytes);
  }
  return whole;
}

Status check_memory(const char* name, const void* pointer, size_t given, size_t needed) {
  if (pointer == nullptr && given == 0) return {};
  CAIRN_RETURN_IF_ERROR(Runtime::get().resolve(pointer, given, name, "MDL-010").status());
  if (given >= needed) return {};
  return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-010",
               "the {} memory has {} bytes, the model needs {}; ask acl.mdl.query_size", name, given, needed);
}

/// Bytes of the inputs and outputs, which are a part of the work memory.
size_t io_bytes(const ModelInfo& info) {
  size_t bytes = 0;
  for (const OmInput& input : info.inputs)
    bytes += input.bytes;
  for (const OmTensor& output : info.outputs)
    bytes += output.bytes;
  return std::min(bytes, info.sizes.work_bytes);
}

/// Work memory is written at each run: it must not lie in the weights.
Status check_apart(const UserModelMemory& memory) {
  const auto work = reinterpret_cast<uintptr_t>(memory.work);
  const auto weights = reinterpret_cast<uintptr_t>(memory.weights);
  if (work == 0 || weights == 0) return {};
  if (work + memory.work_size <= weights || weights + memory.weight_size <= work) return {};
  return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-010",
               "the work memory at {} ({} bytes) and the weight memory at {} ({} bytes) overlap; runs would "
               "overwrite weights",
               memory.work, memory.work_size, memory.weights, memory.weight_size);
}

Status check_sizes_are_known(const ModelInfo& info) {
  if (!info.has_open_shapes) return {};
  return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-026",
               "shapes of model {} are known only when it runs, so the memory that it needs is not; load it "
               "with acl.mdl.load_from_file or load_from_mem",
               info.name);
}

}  // namespace

Result<SharedBytes> open_model_file(const char* path) {
  FileDescriptor file(path);
  struct stat state {};
  if (!file || fstat(file.get(), &state) != 0) return path_error(path, std::strerror(errno));
  if (!S_ISREG(state.st_mode)) return path_error(path, "it is no regular file");
  const FileIdentity identity(state);
  Buffer buffer = allocate(static_cast<size_t>(state.st_size));
  const std::span<std::byte> whole(buffer.memory.get(), buffer.size);
  const size_t head = std::min(whole.size(), kHeadBytes);
  CAIRN_RETURN_IF_ERROR(read_part(file, path, 0, whole.first(head)));
  const std::span<std::byte> weights = many_weights(whole);
  // Pages of the buffer that nothing is read into take no memory.
  const size_t before = weights.empty() ? whole.size() : static_cast<size_t>(weights.data() - whole.data());
  const size_t behind = before + weights.size();
  if (before > head) CAIRN_RETURN_IF_ERROR(read_part(file, path, head, whole.subspan(head, before - head)));
  CAIRN_RETURN_IF_ERROR(read_part(file, path, behind, whole.subspan(behind)));
  const std::filesystem::path name(path);
  if (!weights.empty()) {
    if (fstat(file.get(), &state) != 0 || FileIdentity(state) != identity)
      return path_error(path, "it was changed while it was read");
    return SharedBytes{std::move(buffer.memory), buffer.size, name.stem().string(),
                       std::make_shared<UnreadWeights>(std::move(file), identity, before, weights)};
  }
  if (const auto parts = find_weight_files({buffer.memory.get(), buffer.size}); !parts.empty()) {
    CAIRN_ASSIGN(buffer, join_weights(buffer, parts, name.parent_path() / kOmWeightFolder));
  }
  return SharedBytes{std::move(buffer.memory), buffer.size, name.stem().string()};
}

Result<SharedBytes> read_model_file(const char* path) {
  CAIRN_ASSIGN(SharedBytes file, open_model_file(path));
  CAIRN_RETURN_IF_ERROR(file.read_rest());
  return file;
}

Result<SharedBytes> copy_model_memory(const void* model, size_t size) {
  if (model == nullptr)
    return error(ACL_ERROR_INVALID_PARAM, "MDL-009", "model is null; pass the address of the model data");
  if (size == 0)
    return error(ACL_ERROR_INVALID_PARAM, "MDL-009",
                 "model_size is 0; pass the length of the model data in bytes");
  const Runtime& runtime = Runtime::get();
  if (runtime.soc().run_mode == ACL_HOST && runtime.device_of_address(model) != nullptr)
    return error(ACL_ERROR_GE_EXEC_MODEL_ADDR_INVALID, "MDL-009",
                 "model = {} is device memory, the application runs on the host; pass host memory, such as "
                 "of acl.rt.malloc_host",
                 model);
  CAIRN_ASSIGN(const std::byte* source, runtime.resolve_any(model, size, "model", "MDL-009"));
  Buffer buffer = allocate(size);
  if (!guarded_copy(buffer.memory.get(), source, size))
    return error(ACL_ERROR_GE_EXEC_MODEL_ADDR_INVALID, "MDL-009",
                 "the model data at {} cannot be read over its {} bytes; check address and size", model,
                 size);
  return SharedBytes{std::move(buffer.memory), size, ""};
}

Result<uint32_t> load_model(SharedBytes file, const ModelLoadOptions& options) {
  Runtime& runtime = Runtime::get();
  CAIRN_ASSIGN(const Ref<Context> context, runtime.current_context());
  CAIRN_ASSIGN(Engine * engine, load_engine());
  LoadOptions engine_options;
  if (!runtime.soc().lenient) engine_options.soc = &runtime.soc();
  if (options.memory) {
    CAIRN_RETURN_IF_ERROR(file.read_rest());
    CAIRN_ASSIGN(const ModelInfo info, engine->inspect(file.span()));
    CAIRN_RETURN_IF_ERROR(check_sizes_are_known(info));
    const UserModelMemory& memory = *options.memory;
    const size_t work_bytes = info.sizes.work_bytes - (options.work_without_io ? io_bytes(info) : 0);
    CAIRN_RETURN_IF_ERROR(check_memory("work", memory.work, memory.work_size, work_bytes));
    CAIRN_RETURN_IF_ERROR(
        check_memory("weight", memory.weights, memory.weight_size, info.sizes.weight_bytes));
    CAIRN_RETURN_IF_ERROR(check_apart(memory));
    if (memory.weights != nullptr) {
      CAIRN_ASSIGN(std::byte * weights,
                   runtime.resolve(memory.weights, memory.weight_size, "weight", "MDL-010"));
      engine_options.weight_memory = {weights, memory.weight_size};
    }
  }
  const std::string file_name = file.file_name;
  CAIRN_ASSIGN(std::shared_ptr<Executable> executable, engine->load(std::move(file), engine_options));
  return ModelTable::get().add(context.handle(), std::move(executable), file_name, options.priority);
}

Result<ModelInfo> inspect_model(const SharedBytes& file) {
  CAIRN_ASSIGN(Engine * engine, load_engine());
  return engine->inspect(file.span());
}

Result<ModelSizes> query_model_size(const SharedBytes& file) {
  CAIRN_ASSIGN(const ModelInfo info, inspect_model(file));
  CAIRN_RETURN_IF_ERROR(check_sizes_are_known(info));
  return info.sizes;
}

}  // namespace cairn
