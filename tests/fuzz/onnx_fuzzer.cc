// Any bytes as an ONNX file: the reader in front of the engine's own, and what changes files that it has
// accepted.
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "compiler/onnx_branches.h"
#include "compiler/onnx_file.h"
#include "compiler/onnx_limits.h"
#include "compiler/onnx_own_operators.h"
#include "compiler/onnx_renames.h"

namespace {

constexpr const char* kPath = "/nowhere/net.onnx";

void read(const std::string& file) {
  static_cast<void>(cairn::read_onnx(std::as_bytes(std::span(file)), kPath));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const auto model = cairn::read_onnx(std::as_bytes(std::span(data, size)), kPath);
  if (!model.is_ok()) return 0;
  static_cast<void>(cairn::check_onnx_limits(*model));
  const std::string_view file(reinterpret_cast<const char*>(data), size);
  if (const auto renamed = cairn::rename_operators(file, {{"Relu", "Neg"}})) read(*renamed);
  if (const auto own = cairn::give_own_domain(file, *model)) read(*own);
  for (const bool value : {true, false}) {
    const auto known = [&](const std::string& condition) -> std::optional<bool> {
      read(condition);
      return value;
    };
    if (const auto folded = cairn::fold_branches(file, known)) read(*folded);
  }
  return 0;
}
