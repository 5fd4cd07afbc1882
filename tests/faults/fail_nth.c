// Preloaded into a program: lets the n-th memory allocation, mapping, thread start, file open or dlopen fail
// while it is armed (see fail_nth.h). Everything is passed on to the next library otherwise. Thread-safe.
#define _GNU_SOURCE  // NOLINT(bugprone-reserved-identifier): asks glibc for its extensions
#include "fail_nth.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define CALLER __builtin_return_address(0)
#define EXPORTED __attribute__((visibility("default")))

static atomic_int armed_kind = -1;
static atomic_long calls;
static atomic_long failing_call;
static atomic_int fail_all_after;
static atomic_long live;

EXPORTED void fail_nth_arm(enum FaultKind kind, long n, int all_after) {
  atomic_store(&calls, 0);
  atomic_store(&failing_call, n);
  atomic_store(&fail_all_after, all_after);
  atomic_store(&armed_kind, kind);
}

EXPORTED long fail_nth_disarm(void) {
  atomic_store(&armed_kind, -1);
  return atomic_load(&calls);
}

EXPORTED long fail_nth_live(void) {
  return atomic_load(&live);
}

// The C library and the loader end the process when they find no memory for a thread's variables, whoever
// asked: what they ask for themselves is granted.
struct Range {
  uintptr_t first;
  uintptr_t last;
};
static struct Range granted[2];

static int note_range(struct dl_phdr_info* info, size_t size, void* data) {
  (void)size;
  (void)data;
  const int which = strstr(info->dlpi_name, "/libc.so") != NULL    ? 0
                    : strstr(info->dlpi_name, "/ld-linux") != NULL ? 1
                                                                   : -1;
  for (int i = 0; which >= 0 && i < info->dlpi_phnum; ++i) {
    const ElfW(Phdr)* const part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD || (part->p_flags & PF_X) == 0) continue;
    granted[which].first = info->dlpi_addr + part->p_vaddr;
    granted[which].last = granted[which].first + part->p_memsz;
  }
  return 0;
}

__attribute__((constructor)) static void find_granted(void) {
  dl_iterate_phdr(note_range, NULL);
}

// True if this call has to fail.
static int fails(enum FaultKind kind, void* caller) {
  if (atomic_load(&armed_kind) != (int)kind) return 0;
  for (int i = 0; i < 2; ++i)
    if ((uintptr_t)caller >= granted[i].first && (uintptr_t)caller < granted[i].last) return 0;
  const long call = atomic_fetch_add(&calls, 1) + 1;
  const long failing = atomic_load(&failing_call);
  return call == failing || (call > failing && atomic_load(&fail_all_after));
}

// --- memory: glibc's own names, because looking the next ones up allocates ---

// NOLINTBEGIN(bugprone-reserved-identifier): glibc's own names
extern void* __libc_malloc(size_t size);
extern void* __libc_calloc(size_t count, size_t size);
extern void* __libc_realloc(void* pointer, size_t size);
extern void* __libc_memalign(size_t alignment, size_t size);
extern void __libc_free(void* pointer);
// NOLINTEND(bugprone-reserved-identifier)

static void* counted(void* pointer) {
  if (pointer != NULL) atomic_fetch_add(&live, 1);
  return pointer;
}

static void* no_memory(void) {
  errno = ENOMEM;
  return NULL;
}

EXPORTED void* malloc(size_t size) {
  return fails(kFaultMemory, CALLER) ? no_memory() : counted(__libc_malloc(size));
}

EXPORTED void* calloc(size_t count, size_t size) {
  return fails(kFaultMemory, CALLER) ? no_memory() : counted(__libc_calloc(count, size));
}

EXPORTED void* realloc(void* pointer, size_t size) {
  if (fails(kFaultMemory, CALLER)) return no_memory();
  void* const moved = __libc_realloc(pointer, size);
  if (pointer == NULL) counted(moved);
  return moved;
}

EXPORTED void* aligned_alloc(size_t alignment, size_t size) {
  return fails(kFaultMemory, CALLER) ? no_memory() : counted(__libc_memalign(alignment, size));
}

EXPORTED void* memalign(size_t alignment, size_t size) {
  return fails(kFaultMemory, CALLER) ? no_memory() : counted(__libc_memalign(alignment, size));
}

EXPORTED int posix_memalign(void** pointer, size_t alignment, size_t size) {
  void* const found = fails(kFaultMemory, CALLER) ? no_memory() : counted(__libc_memalign(alignment, size));
  if (found == NULL) return ENOMEM;
  *pointer = found;
  return 0;
}

EXPORTED void free(void* pointer) {
  if (pointer != NULL) atomic_fetch_sub(&live, 1);
  __libc_free(pointer);
}

// --- the others ---

// The function of that name in the libraries behind this one, in a variable of its type.
#define NEXT(name)                                           \
  static __typeof__(name)* next;                             \
  if (next == NULL) {                                        \
    void* const symbol = dlsym(RTLD_NEXT, #name);            \
    memcpy((void*)&next, (const void*)&symbol, sizeof next); \
  }

EXPORTED void* mmap(void* address, size_t size, int protection, int flags, int file, off_t offset) {
  NEXT(mmap)
  if (fails(kFaultMap, CALLER)) {
    errno = ENOMEM;
    return MAP_FAILED;
  }
  return next(address, size, protection, flags, file, offset);
}

EXPORTED int memfd_create(const char* name, unsigned flags) {
  NEXT(memfd_create)
  if (fails(kFaultMap, CALLER)) {
    errno = EMFILE;
    return -1;
  }
  return next(name, flags);
}

EXPORTED int ftruncate(int file, off_t size) {
  NEXT(ftruncate)
  if (fails(kFaultMap, CALLER)) {
    errno = ENOSPC;
    return -1;
  }
  return next(file, size);
}

EXPORTED int fallocate(int file, int mode, off_t offset, off_t size) {
  NEXT(fallocate)
  if (fails(kFaultMap, CALLER)) {
    errno = ENOSPC;
    return -1;
  }
  return next(file, mode, offset, size);
}

EXPORTED int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*function)(void*),
                            void* argument) {
  NEXT(pthread_create)
  if (fails(kFaultThread, CALLER)) return EAGAIN;
  return next(thread, attributes, function, argument);
}

static int no_file(void) {
  errno = EMFILE;
  return -1;
}

static int mode_of(int flags, va_list arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(arguments, int) : 0;
}

EXPORTED int open(const char* path, int flags, ...) {
  NEXT(open)
  va_list arguments;
  va_start(arguments, flags);
  const int mode = mode_of(flags, arguments);
  va_end(arguments);
  return fails(kFaultFile, CALLER) ? no_file() : next(path, flags, mode);
}

EXPORTED int open64(const char* path, int flags, ...) {
  NEXT(open64)
  va_list arguments;
  va_start(arguments, flags);
  const int mode = mode_of(flags, arguments);
  va_end(arguments);
  return fails(kFaultFile, CALLER) ? no_file() : next(path, flags, mode);
}

EXPORTED FILE* fopen(const char* path, const char* mode) {
  NEXT(fopen)
  if (!fails(kFaultFile, CALLER)) return next(path, mode);
  no_file();
  return NULL;
}

EXPORTED FILE* fopen64(const char* path, const char* mode) {
  NEXT(fopen64)
  if (!fails(kFaultFile, CALLER)) return next(path, mode);
  no_file();
  return NULL;
}

EXPORTED void* dlopen(const char* path, int flags) {
  NEXT(dlopen)
  return fails(kFaultLibrary, CALLER) ? NULL : next(path, flags);
}
