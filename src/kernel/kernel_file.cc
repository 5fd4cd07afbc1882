#include "kernel/kernel_file.h"

#include <elf.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>

#include "acl/acl_base.h"
#include "cairn/kernel.h"

namespace cairn {
namespace {

constexpr std::string_view kMarker = "cairn_kernel_abi_";
constexpr size_t kMostSegments = 64;
constexpr uint64_t kMostMemory = uint64_t{1} << 30;
constexpr uint64_t kPage = 4096;
constexpr size_t kMostName = 4096;
#if defined(__x86_64__)
constexpr uint16_t kMachine = EM_X86_64;
constexpr const char* kMachineName = "x86-64";
#elif defined(__aarch64__)
constexpr uint16_t kMachine = EM_AARCH64;
constexpr const char* kMachineName = "AArch64";
#endif

template <class... Args>
Status bad(fmt::format_string<Args...> text, Args&&... args) {
  return error(ACL_ERROR_OP_LOAD_FAILED, "KRN-006",
               "the kernel binary {}; see docs/kernels.md on how to build one",
               fmt::format(text, std::forward<Args>(args)...));
}

/// The tables that the dynamic section names.
struct DynamicTables {
  uint64_t strings = 0, string_bytes = 0;
  uint64_t symbols = 0, symbol_bytes = sizeof(Elf64_Sym);
  uint64_t gnu_hash = 0, hash = 0;
  uint64_t rela = 0, rela_bytes = 0, rela_entry = sizeof(Elf64_Rela);
  uint64_t plt = 0, plt_bytes = 0, plt_kind = DT_RELA;
  uint64_t relr = 0, relr_bytes = 0;
  uint64_t versions = 0, needed_versions = 0, needed_version_count = 0;
  uint64_t defined_versions = 0, defined_version_count = 0;
  struct Array {
    uint64_t start = 0, bytes = 0;
  };
  Array starts, ends, early_starts;
  uint64_t start = 0, end = 0;
  std::vector<uint64_t> names;  ///< Offsets of strings.
};

class Reader {
 public:
  explicit Reader(std::span<const std::byte> file) : file_(file) {}

  Result<std::vector<KernelFunction>> read() {
    CAIRN_RETURN_IF_ERROR(check_header());
    CAIRN_RETURN_IF_ERROR(read_segments());
    CAIRN_RETURN_IF_ERROR(read_dynamic_section());
    CAIRN_RETURN_IF_ERROR(check_strings());
    CAIRN_RETURN_IF_ERROR(count_symbols());
    CAIRN_RETURN_IF_ERROR(check_symbols());
    CAIRN_RETURN_IF_ERROR(check_relocations(tables_.rela, tables_.rela_bytes));
    CAIRN_RETURN_IF_ERROR(check_relocations(tables_.plt, tables_.plt_bytes));
    CAIRN_RETURN_IF_ERROR(check_relative_relocations());
    CAIRN_RETURN_IF_ERROR(check_versions());
    CAIRN_RETURN_IF_ERROR(check_start_functions());
    return find_kernels();
  }

 private:
  /// A value at an offset of the file.
  template <class T>
  std::optional<T> at_offset(uint64_t offset) const {
    if (offset > file_.size() || sizeof(T) > file_.size() - offset) return std::nullopt;
    T value;
    std::memcpy(&value, file_.data() + offset, sizeof value);
    return value;
  }
  /// Where [address, address + size) of the loaded file comes from; nothing if it is not wholly in the file.
  std::optional<uint64_t> offset_of(uint64_t address, uint64_t size) const {
    for (const Elf64_Phdr& segment : segments_)
      if (address >= segment.p_vaddr && address - segment.p_vaddr <= segment.p_filesz &&
          size <= segment.p_filesz - (address - segment.p_vaddr))
        return segment.p_offset + (address - segment.p_vaddr);
    return std::nullopt;
  }
  template <class T>
  std::optional<T> at_address(uint64_t address) const {
    const auto offset = offset_of(address, sizeof(T));
    return offset ? at_offset<T>(*offset) : std::nullopt;
  }
  /// The segment with all of [address, address + size) and these flags; null if there is none.
  const Elf64_Phdr* segment_of(uint64_t address, uint64_t size, uint32_t flags) const {
    for (const Elf64_Phdr& segment : segments_)
      if (address >= segment.p_vaddr && address - segment.p_vaddr <= segment.p_memsz &&
          size <= segment.p_memsz - (address - segment.p_vaddr) && (segment.p_flags & flags) == flags)
        return &segment;
    return nullptr;
  }
  std::string_view string_at(uint64_t offset) const {
    const char* const start = reinterpret_cast<const char*>(file_.data()) + strings_ + offset;
    return {start, ::strnlen(start, kMostName + 1)};  // The table ends with a null.
  }
  Elf64_Sym symbol(uint64_t index) const {
    Elf64_Sym one;
    std::memcpy(&one, file_.data() + symbols_ + index * sizeof one, sizeof one);
    return one;
  }

  Status check_header();
  Status read_segments();
  Status check_segment(const Elf64_Phdr& segment) const;
  Status read_dynamic_section();
  void note(const Elf64_Dyn& entry);
  Status check_strings();
  Status count_symbols();
  Status count_hashed_symbols();
  Status check_symbols();
  Status check_relocations(uint64_t address, uint64_t bytes) const;
  Status check_relative_relocations() const;
  Status check_versions() const;
  Status check_defined_versions() const;
  Status check_needed_versions() const;
  Status check_array(const DynamicTables::Array& array) const;
  Status check_start_functions() const;
  Result<std::vector<KernelFunction>> find_kernels() const;

  std::span<const std::byte> file_;
  Elf64_Ehdr header_{};
  std::vector<Elf64_Phdr> segments_;  ///< Those that are loaded.
  Elf64_Phdr dynamic_{};
  DynamicTables tables_;
  uint64_t strings_ = 0;  ///< Offsets in the file.
  uint64_t symbols_ = 0;
  uint64_t symbol_count_ = 0;
};

Status Reader::check_header() {
  const auto header = at_offset<Elf64_Ehdr>(0);
  if (!header || std::memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
    return bad("of {} bytes is no ELF file", file_.size());
  header_ = *header;
  if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_ident[EI_DATA] != ELFDATA2LSB ||
      header_.e_version != EV_CURRENT)
    return bad("is no little-endian 64-bit ELF file of version 1");
  if (header_.e_machine != kMachine)
    return bad("is for machine {}, and this CPU is {} ({}); build it from its source for this CPU",
               header_.e_machine, kMachine, kMachineName);
  if (header_.e_type == ET_REL) return bad("is not linked yet; build it with -shared -fPIC");
  if (header_.e_type != ET_DYN) return bad("is no shared object; build it with -shared -fPIC");
  return {};
}

Status Reader::check_segment(const Elf64_Phdr& segment) const {
  if (segment.p_offset > file_.size() || segment.p_filesz > file_.size() - segment.p_offset)
    return bad("is cut off: a segment ends at byte {} of {}", segment.p_offset + segment.p_filesz,
               file_.size());
  if (segment.p_filesz > segment.p_memsz || segment.p_memsz > kMostMemory || segment.p_vaddr > kMostMemory)
    return bad("has a segment of {} bytes at {:#x}, where at most {} are loaded", segment.p_memsz,
               segment.p_vaddr, kMostMemory);
  if (segment.p_align > kMostMemory || (segment.p_align > 1 && !std::has_single_bit(segment.p_align)) ||
      (segment.p_vaddr - segment.p_offset) % std::max(segment.p_align, kPage) != 0)
    return bad("has a segment at {:#x} that is not aligned to its pages", segment.p_vaddr);
  if (!segments_.empty() && segment.p_vaddr < segments_.back().p_vaddr + segments_.back().p_memsz)
    return bad("has segments that overlap at {:#x}", segment.p_vaddr);
  return {};
}

Status Reader::read_segments() {
  if (header_.e_phentsize != sizeof(Elf64_Phdr) || header_.e_phnum == 0 || header_.e_phnum > kMostSegments)
    return bad("has {} program headers of {} bytes", header_.e_phnum, header_.e_phentsize);
  bool has_dynamic_section = false;
  for (uint64_t i = 0; i < header_.e_phnum; ++i) {
    if (header_.e_phoff > file_.size()) return bad("is cut off before its program headers");
    const auto segment = at_offset<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
    if (!segment) return bad("is cut off in its program headers");
    if (segment->p_type == PT_LOAD) {
      CAIRN_RETURN_IF_ERROR(check_segment(*segment));
      segments_.push_back(*segment);
    } else if (segment->p_type == PT_DYNAMIC) {
      dynamic_ = *segment;
      has_dynamic_section = true;
    } else if (segment->p_type == PT_INTERP) {
      return bad("is a program; build it with -shared");
    } else if (segment->p_type == PT_TLS &&
               (segment->p_memsz > kMostMemory || segment->p_filesz > segment->p_memsz)) {
      return bad("asks for {} bytes of thread-local memory", segment->p_memsz);
    }
  }
  // The loader reads these headers by address.
  for (uint64_t i = 0; i < header_.e_phnum; ++i) {
    const auto segment = *at_offset<Elf64_Phdr>(header_.e_phoff + i * sizeof(Elf64_Phdr));
    if (segment.p_type == PT_TLS && segment.p_filesz > 0 && !offset_of(segment.p_vaddr, segment.p_filesz))
      return bad("has thread-local data outside its segments");
    if (segment.p_type == PT_GNU_RELRO && segment_of(segment.p_vaddr, 0, 0) == nullptr)
      return bad("protects memory outside its segments");
  }
  if (segments_.empty() || !has_dynamic_section) return bad("has nothing to load, or no dynamic section");
  return {};
}

void Reader::note(const Elf64_Dyn& entry) {
  const uint64_t value = entry.d_un.d_val;
  switch (entry.d_tag) {
    case DT_STRTAB:
      tables_.strings = value;
      break;
    case DT_STRSZ:
      tables_.string_bytes = value;
      break;
    case DT_SYMTAB:
      tables_.symbols = value;
      break;
    case DT_SYMENT:
      tables_.symbol_bytes = value;
      break;
    case DT_GNU_HASH:
      tables_.gnu_hash = value;
      break;
    case DT_HASH:
      tables_.hash = value;
      break;
    case DT_RELA:
      tables_.rela = value;
      break;
    case DT_RELASZ:
      tables_.rela_bytes = value;
      break;
    case DT_RELAENT:
      tables_.rela_entry = value;
      break;
    case DT_JMPREL:
      tables_.plt = value;
      break;
    case DT_PLTRELSZ:
      tables_.plt_bytes = value;
      break;
    case DT_PLTREL:
      tables_.plt_kind = value;
      break;
    case 36:
      tables_.relr = value;
      break;  // DT_RELR
    case 35:
      tables_.relr_bytes = value;
      break;  // DT_RELRSZ
    case DT_VERSYM:
      tables_.versions = value;
      break;
    case DT_VERNEED:
      tables_.needed_versions = value;
      break;
    case DT_VERNEEDNUM:
      tables_.needed_version_count = value;
      break;
    case DT_VERDEF:
      tables_.defined_versions = value;
      break;
    case DT_VERDEFNUM:
      tables_.defined_version_count = value;
      break;
    case DT_PREINIT_ARRAY:
      tables_.early_starts.start = value;
      break;
    case DT_PREINIT_ARRAYSZ:
      tables_.early_starts.bytes = value;
      break;
    case DT_INIT_ARRAY:
      tables_.starts.start = value;
      break;
    case DT_INIT_ARRAYSZ:
      tables_.starts.bytes = value;
      break;
    case DT_FINI_ARRAY:
      tables_.ends.start = value;
      break;
    case DT_FINI_ARRAYSZ:
      tables_.ends.bytes = value;
      break;
    case DT_INIT:
      tables_.start = value;
      break;
    case DT_FINI:
      tables_.end = value;
      break;
    case DT_NEEDED:
    case DT_SONAME:
    case DT_RPATH:
    case DT_RUNPATH:
    case DT_AUXILIARY:
    case DT_FILTER:
    case DT_AUDIT:
    case DT_DEPAUDIT:
      tables_.names.push_back(value);
      break;
    default:
      break;
  }
}

Status Reader::read_dynamic_section() {
  const uint64_t count = dynamic_.p_memsz / sizeof(Elf64_Dyn);
  if (segment_of(dynamic_.p_vaddr, dynamic_.p_memsz, PF_W) == nullptr || dynamic_.p_vaddr % 8 != 0)
    return bad("has its dynamic section outside its writable segments");
  for (uint64_t i = 0; i < count; ++i) {
    const auto entry = at_address<Elf64_Dyn>(dynamic_.p_vaddr + i * sizeof(Elf64_Dyn));
    if (!entry) return bad("is cut off in its dynamic section");
    if (entry->d_tag == DT_NULL) return {};
    if (entry->d_tag == DT_REL || entry->d_tag == DT_RELSZ)
      return bad("has relocations of a kind that this CPU does not use");
    note(*entry);
  }
  return bad("has a dynamic section without an end");
}

Status Reader::check_strings() {
  const auto strings = offset_of(tables_.strings, tables_.string_bytes);
  if (!strings || tables_.string_bytes == 0 || file_[*strings + tables_.string_bytes - 1] != std::byte{0})
    return bad("has no proper table of names");
  strings_ = *strings;
  for (const uint64_t name : tables_.names)
    if (name >= tables_.string_bytes) return bad("names a library outside its table of names");
  return {};
}

/// The dynamic section does not say how many symbols there are; the hash table does.
Status Reader::count_hashed_symbols() {
  struct Head {
    uint32_t buckets, first, filters, shift;
  };
  const auto head = at_address<Head>(tables_.gnu_hash);
  if (!head || head->buckets == 0 || head->filters == 0 || !std::has_single_bit(head->filters) ||
      head->shift > 63)
    return bad("has no proper hash table of symbols");
  const uint64_t buckets = tables_.gnu_hash + sizeof(Head) + uint64_t{head->filters} * 8;
  const uint64_t chains = buckets + uint64_t{head->buckets} * 4;
  if (!offset_of(tables_.gnu_hash, chains - tables_.gnu_hash)) return bad("is cut off in its hash table");
  uint64_t last = 0;  // The chain that begins last ends last, and the end of any other is not behind it.
  for (uint64_t i = 0; i < head->buckets; ++i) {
    const uint64_t index = *at_address<uint32_t>(buckets + i * 4);
    if (index != 0 && index < head->first) return bad("has a hash table with wrong symbols");
    last = std::max(last, index);
  }
  symbol_count_ = head->first;
  for (bool is_end = last == 0; !is_end; ++last) {
    const auto link = at_address<uint32_t>(chains + (last - head->first) * 4);
    if (!link) return bad("is cut off in its hash table");
    is_end = (*link & 1) != 0;
    symbol_count_ = last + 1;
  }
  return {};
}

Status Reader::count_symbols() {
  if (tables_.hash != 0) {
    struct Head {
      uint32_t buckets, chains;
    };
    const auto head = at_address<Head>(tables_.hash);
    if (!head || head->buckets == 0 ||
        !offset_of(tables_.hash, sizeof(Head) + (uint64_t{head->buckets} + head->chains) * 4))
      return bad("has no proper hash table of symbols");
    for (uint64_t i = 0; i < uint64_t{head->buckets} + head->chains; ++i)
      if (*at_address<uint32_t>(tables_.hash + sizeof(Head) + i * 4) >= std::max(head->chains, 1U))
        return bad("has a hash table with wrong symbols");
    symbol_count_ = head->chains;
  }
  if (tables_.gnu_hash != 0) {
    CAIRN_RETURN_IF_ERROR(count_hashed_symbols());
  } else if (tables_.hash == 0) {
    return bad("exports nothing");
  }
  return {};
}

Status Reader::check_symbols() {
  if (tables_.symbol_bytes != sizeof(Elf64_Sym)) return bad("has symbols of {} bytes", tables_.symbol_bytes);
  const auto symbols = offset_of(tables_.symbols, symbol_count_ * sizeof(Elf64_Sym));
  if (!symbols) return bad("is cut off in its table of symbols");
  symbols_ = *symbols;
  for (uint64_t i = 0; i < symbol_count_; ++i)
    if (symbol(i).st_name >= tables_.string_bytes || string_at(symbol(i).st_name).size() > kMostName)
      return bad("has a symbol without a proper name");
  return {};
}

Status Reader::check_relocations(uint64_t address, uint64_t bytes) const {
  if (bytes == 0) return {};
  if (tables_.rela_entry != sizeof(Elf64_Rela) || tables_.plt_kind != DT_RELA ||
      bytes % sizeof(Elf64_Rela) != 0 || !offset_of(address, bytes))
    return bad("has no proper table of relocations");
  for (uint64_t i = 0; i < bytes; i += sizeof(Elf64_Rela)) {
    const auto one = *at_address<Elf64_Rela>(address + i);
    if (segment_of(one.r_offset, 8, PF_W) == nullptr)
      return bad("relocates {:#x}, which it may not write", one.r_offset);
    if (ELF64_R_SYM(one.r_info) >= symbol_count_) return bad("relocates by a symbol that is not there");
  }
  return {};
}

/// Words: an address, or (odd) bits for the 63 words that follow the last address.
Status Reader::check_relative_relocations() const {
  if (tables_.relr_bytes == 0) return {};
  if (tables_.relr_bytes % 8 != 0 || !offset_of(tables_.relr, tables_.relr_bytes))
    return bad("has no proper table of relative relocations");
  uint64_t next = 0;
  for (uint64_t i = 0; i < tables_.relr_bytes; i += 8) {
    const uint64_t word = *at_address<uint64_t>(tables_.relr + i);
    const bool is_address = (word & 1) == 0;
    const uint64_t last = is_address ? word : next + 8 * static_cast<uint64_t>(std::bit_width(word >> 1)) - 8;
    if ((word >> 1 != 0 || is_address) && segment_of(last, 8, PF_W) == nullptr)
      return bad("relocates {:#x}, which it may not write", last);
    next = is_address ? word + 8 : next + uint64_t{63} * 8;
  }
  return {};
}

Status Reader::check_versions() const {
  if (tables_.versions != 0 && !offset_of(tables_.versions, symbol_count_ * sizeof(Elf64_Half)))
    return bad("is cut off in its table of versions");
  CAIRN_RETURN_IF_ERROR(check_defined_versions());
  return check_needed_versions();
}

Status Reader::check_defined_versions() const {
  uint64_t address = tables_.defined_versions;
  for (uint64_t i = 0; address != 0 && i < tables_.defined_version_count; ++i) {
    const auto version = at_address<Elf64_Verdef>(address);
    if (!version) return bad("is cut off in its versions");
    const auto name = at_address<Elf64_Verdaux>(address + version->vd_aux);
    if (!name || name->vda_name >= tables_.string_bytes || version->vd_version != VER_DEF_CURRENT)
      return bad("defines a version without a name");
    if (version->vd_next == 0) break;
    if (version->vd_next < sizeof(Elf64_Verdef)) return bad("defines versions that overlap");
    address += version->vd_next;
  }
  return {};
}

Status Reader::check_needed_versions() const {
  uint64_t address = tables_.needed_versions;
  for (uint64_t i = 0; address != 0 && i < tables_.needed_version_count; ++i) {
    const auto library = at_address<Elf64_Verneed>(address);
    if (!library || library->vn_file >= tables_.string_bytes || library->vn_version != VER_NEED_CURRENT)
      return bad("is cut off in the versions that it needs");
    uint64_t at = address + library->vn_aux;
    for (uint64_t k = 0; k < library->vn_cnt; ++k) {
      const auto version = at_address<Elf64_Vernaux>(at);
      if (!version || version->vna_name >= tables_.string_bytes)
        return bad("is cut off in the versions that it needs");
      if (version->vna_next == 0) break;
      if (version->vna_next < sizeof(Elf64_Vernaux)) return bad("needs versions that overlap");
      at += version->vna_next;
    }
    if (library->vn_next == 0) break;
    if (library->vn_next < sizeof(Elf64_Verneed)) return bad("needs versions that overlap");
    address += library->vn_next;
  }
  return {};
}

Status Reader::check_array(const DynamicTables::Array& array) const {
  if (array.bytes == 0) return {};
  if (array.bytes % 8 != 0 || !offset_of(array.start, array.bytes))
    return bad("has no proper list of functions to start with");
  return {};
}

Status Reader::check_start_functions() const {
  CAIRN_RETURN_IF_ERROR(check_array(tables_.early_starts));
  CAIRN_RETURN_IF_ERROR(check_array(tables_.starts));
  CAIRN_RETURN_IF_ERROR(check_array(tables_.ends));
  for (const uint64_t function : {tables_.start, tables_.end})
    if (function != 0 && segment_of(function, 1, PF_X) == nullptr)
      return bad("starts or ends with code at {:#x}, where it has none", function);
  return {};
}

Result<std::vector<KernelFunction>> Reader::find_kernels() const {
  std::vector<KernelFunction> functions;
  std::vector<std::string_view> marked;
  for (uint64_t i = 0; i < symbol_count_; ++i) {
    const Elf64_Sym one = symbol(i);
    if (one.st_shndx == SHN_UNDEF) continue;
    const std::string_view name = string_at(one.st_name);
    const int type = ELF64_ST_TYPE(one.st_info);
    if (type == STT_OBJECT && name.starts_with(kMarker)) {
      const auto abi = at_address<uint32_t>(one.st_value);
      if (!abi || *abi != kernel::kAbi)
        return bad("was built with another version of cairn/kernel.h ({} instead of {})", abi.value_or(0),
                   kernel::kAbi);
      marked.push_back(name.substr(kMarker.size()));
    } else if (type == STT_FUNC && !name.empty()) {
      const Elf64_Phdr* const segment = segment_of(one.st_value, 1, PF_X);
      if (segment == nullptr) return bad("has the function {} where it has no code", name);
      functions.push_back({std::string(name), {segment->p_vaddr, segment->p_memsz}});
    }
  }
  std::ranges::sort(marked);
  std::erase_if(functions, [&](const KernelFunction& function) {
    return !std::ranges::binary_search(marked, function.name);
  });
  if (functions.empty()) return bad("has no function that CAIRN_KERNEL of cairn/kernel.h made");
  return functions;
}

}  // namespace

Result<std::vector<KernelFunction>> read_kernel_file(std::span<const std::byte> file) {
  return Reader(file).read();
}

}  // namespace cairn
