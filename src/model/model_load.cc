#include "model/model_load.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <new>

#include "device/context.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"
#include "model/engine_loader.h"
#include "model/model.h"

namespace cairn {
namespace {

constexpr size_t kAlignment = 64;  // The weights in the file are aligned to this.

class FileDescriptor {
 public:
  explicit FileDescriptor(const char* path) : descriptor_(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;
  ~FileDescriptor() {
    if (descriptor_ >= 0) close(descriptor_);
  }
  int get() const { return descriptor_; }

 private:
  const int descriptor_;
};

struct Buffer {
  std::shared_ptr<std::byte[]> memory;
  size_t size;
};

Buffer allocate(size_t size) {
  if (size > SIZE_MAX - kAlignment) throw std::bad_alloc();
  auto* memory =
      static_cast<std::byte*>(std::aligned_alloc(kAlignment, (size / kAlignment + 1) * kAlignment));
  if (memory == nullptr) throw std::bad_alloc();
  return {std::shared_ptr<std::byte[]>(memory, [](std::byte* bytes) { std::free(bytes); }), size};
}

Status path_error(const char* path, const char* reason) {
  return error(ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID, "MDL-003", "the model file '{}' cannot be read: {}",
               path, reason);
}

Status check_memory(const char* name, const void* pointer, size_t given, size_t needed) {
  if (pointer == nullptr && given == 0) return {};
  CAIRN_RETURN_IF_ERROR(Runtime::get().resolve(pointer, given, name, "MDL-010").status());
  if (given >= needed) return {};
  return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-010",
               "the {} memory has {} bytes, the model needs {}; ask acl.mdl.query_size", name, given, needed);
}

Status check_sizes_are_known(const ModelInfo& info) {
  if (!info.has_open_shapes) return {};
  return error(ACL_ERROR_GE_PARAM_INVALID, "MDL-026",
               "shapes of model {} are known only when it runs, so the memory that it needs is not; load it "
               "with acl.mdl.load_from_file or load_from_mem",
               info.name);
}

}  // namespace

Result<SharedBytes> read_model_file(const char* path) {
  const FileDescriptor file(path);
  struct stat state {};
  if (file.get() < 0 || fstat(file.get(), &state) != 0) return path_error(path, std::strerror(errno));
  if (!S_ISREG(state.st_mode)) return path_error(path, "it is no regular file");
  Buffer buffer = allocate(static_cast<size_t>(state.st_size));
  size_t done = 0;
  while (done < buffer.size) {
    const ssize_t count = read(file.get(), buffer.memory.get() + done, buffer.size - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return path_error(path, std::strerror(errno));
    if (count == 0) return path_error(path, "it became shorter while it was read");
    done += static_cast<size_t>(count);
  }
  return SharedBytes{std::move(buffer.memory), buffer.size, std::filesystem::path(path).stem().string()};
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

Result<uint32_t> load_model(SharedBytes file, const std::optional<UserModelMemory>& memory) {
  Runtime& runtime = Runtime::get();
  CAIRN_ASSIGN(const Ref<Context> context, runtime.current_context());
  CAIRN_ASSIGN(Engine * engine, load_engine());
  LoadOptions options;
  if (!runtime.soc().lenient) options.soc = &runtime.soc();
  if (memory) {
    CAIRN_ASSIGN(const ModelInfo info, engine->inspect(file.span()));
    CAIRN_RETURN_IF_ERROR(check_sizes_are_known(info));
    CAIRN_RETURN_IF_ERROR(check_memory("work", memory->work, memory->work_size, info.sizes.work_bytes));
    CAIRN_RETURN_IF_ERROR(
        check_memory("weight", memory->weights, memory->weight_size, info.sizes.weight_bytes));
    if (memory->weights != nullptr) {
      CAIRN_ASSIGN(std::byte * weights,
                   runtime.resolve(memory->weights, memory->weight_size, "weight", "MDL-010"));
      options.weight_memory = {weights, memory->weight_size};
    }
  }
  const std::string file_name = file.file_name;
  CAIRN_ASSIGN(std::unique_ptr<Executable> executable, engine->load(std::move(file), options));
  return ModelTable::get().add(context.handle(), std::move(executable), file_name);
}

Result<ModelSizes> query_model_size(const SharedBytes& file) {
  CAIRN_ASSIGN(Engine * engine, load_engine());
  CAIRN_ASSIGN(const ModelInfo info, engine->inspect(file.span()));
  CAIRN_RETURN_IF_ERROR(check_sizes_are_known(info));
  return info.sizes;
}

}  // namespace cairn
