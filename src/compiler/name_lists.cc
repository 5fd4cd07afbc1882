#include "compiler/name_lists.h"

#include "compiler/atc_values.h"
#include "compiler/compile_error.h"
#include "om/mapped_file.h"

namespace cairn {

Result<std::vector<std::string>> read_name_list(const std::filesystem::path& path,
                                                std::string_view parameter) {
  std::string reason;
  const MappedFile file = MappedFile::open(path, reason);
  if (file.bytes().empty()) return compile_error("E10410", {path.string(), parameter, reason});
  const std::string_view text(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  std::vector<std::string> names;
  for (const std::string& line : split_list(text, '\n'))
    for (std::string& name : split_list(line, ';')) {
      while (!name.empty() && name.back() == '\r')
        name.pop_back();
      if (!name.empty()) names.push_back(std::move(name));
    }
  return names;
}

}  // namespace cairn
