// Adds a matrix product to a stream.
#pragma once

#include "blas/matrix_product.h"
#include "device/stream.h"

namespace cairn::blas {

/// `memory`: at the addresses that the program gave. A, B and C are on the device. alpha and beta are there,
/// too, or on the host; then they are read at once.
Status launch_product(const char* function, const MatrixProduct& product, const ProductMemory& memory,
                      const Ref<Stream>& stream);

}  // namespace cairn::blas
