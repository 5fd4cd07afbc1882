// Any text as the JSON file of atc --singleop; what is accepted has a key, a text and a file name.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "compiler/single_op_file.h"
#include "op/operator_key.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto entries = cairn::read_single_ops(text, "ops.json");
  if (!entries.is_ok()) {
    if (!entries.status().text().starts_with("E10")) std::abort();
    return 0;
  }
  for (const cairn::SingleOpEntry& entry : *entries) {
    if (entry.file_name.size() > 128 || entry.file_name.find('/') != std::string::npos) std::abort();
    if (entry.spec.type.empty() || entry.spec.outputs.empty() || cairn::describe(entry.spec).empty())
      std::abort();
    if (!(cairn::key_of(entry.spec) == cairn::key_of(cairn::OperatorSpec(entry.spec)))) std::abort();
    for (const cairn::OperatorTensor& input : entry.spec.inputs)
      if (input.constant && input.bytes() != input.constant->size()) std::abort();
  }
  return 0;
}
