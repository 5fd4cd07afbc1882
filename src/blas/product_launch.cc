#include "blas/product_launch.h"

#include <array>
#include <cstring>

#include "base/observer.h"
#include "device/guarded_copy.h"
#include "device/runtime.h"

namespace cairn::blas {
namespace {

/// alpha or beta: its value if it is on the host, else where it will be read.
struct Scalar {
  const void* on_device = nullptr;
  std::array<std::byte, 4> value{};
  const void* address() const { return on_device != nullptr ? on_device : value.data(); }
};

Result<Scalar> scalar_at(const void* address, size_t bytes, const char* name) {
  Scalar scalar;
  CAIRN_ASSIGN(const std::byte* const from, Runtime::get().resolve_any(address, bytes, name, "BLAS-016"));
  if (Runtime::get().device_of_address(address) != nullptr) {
    scalar.on_device = from;
  } else if (!guarded_copy(scalar.value.data(), from, bytes)) {
    return error(ACL_ERROR_RT_PARAM_INVALID, "BLAS-016",
                 "{} = {} is not mapped; pass the address of a number", name, address);
  }
  return scalar;
}

Result<std::byte*> on_device(const void* address, size_t bytes, size_t alignment, const char* name) {
  if (reinterpret_cast<uintptr_t>(address) % alignment != 0)
    return error(ACL_ERROR_RT_ADDR_UNALIGNED, "BLAS-001",
                 "{} = {} is not aligned to its elements of {} bytes", name, address, alignment);
  return Runtime::get().resolve(address, bytes, name, "BLAS-001");
}

}  // namespace

Status launch_product(const char* function, const MatrixProduct& product, const ProductMemory& memory,
                      const Ref<Stream>& stream) {
  CAIRN_ASSIGN(const Scalar alpha, scalar_at(memory.alpha, product.bytes_of_scalar(), "alpha"));
  CAIRN_ASSIGN(const Scalar beta, scalar_at(memory.beta, product.bytes_of_scalar(), "beta"));
  CAIRN_ASSIGN(const std::byte* const a,
               on_device(memory.a, product.bytes_of_a(), product.bytes_of_element(), "matrixA"));
  CAIRN_ASSIGN(const std::byte* const b,
               on_device(memory.b, product.bytes_of_b(), product.bytes_of_element(), "matrixB"));
  CAIRN_ASSIGN(std::byte* const c,
               on_device(memory.c, product.bytes_of_c(), product.bytes_of_scalar(), "matrixC"));
  observe([&](Observer& watching) {
    constexpr auto kRead = MemoryAccess::Kind::kReadParts;  // Rows may have gaps; C is read if beta is not 0.
    const MemoryAccess list[] = {{memory.a, product.bytes_of_a(), kRead},
                                 {memory.b, product.bytes_of_b(), kRead},
                                 {memory.c, product.bytes_of_c(), MemoryAccess::Kind::kWrite}};
    watching.task_launched(stream.get(), function, list);
  });
  const bool detect = stream->overflow_switch();
  const auto run = [=](Stream& running) -> Status {
    FloatOverflow overflow{.saturate = running.saturates()};
    CAIRN_RETURN_IF_ERROR(
        product.run({alpha.address(), a, b, beta.address(), c}, overflow, running.device().scheduler()));
    if (overflow.seen && detect) running.overflow_status().store(1);
    return {};
  };
  return Stream::launch(stream, function, run,
                        product.is_brief() ? Stream::Start::kHere : Stream::Start::kOnWorker);
}

}  // namespace cairn::blas
