// A short program against the public C API that is run once for every resource it asks for, with that request
// refused:
//
//   LD_PRELOAD=libfail_nth.so cairn_fault_program memory|map|thread|file|library once|all [FIRST LAST]
//
// "once" refuses the n-th request only, "all" every one from the n-th on until a call has failed. Each n has
// a process of its own. The call that fails has to do so with a documented code and a text; done again it has
// to work, and so has the rest of the program. At the end nothing may be left that is not left without a
// fault. Every process has a watchdog. CAIRN_FAULT_KERNELS names the kernels of the tests, of which the
// program registers and executes one. For "library" CAIRN_FAULT_MODEL names a model that the program loads,
// too.
#define _GNU_SOURCE  // NOLINT(bugprone-reserved-identifier): asks glibc for its extensions
#include <dirent.h>
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "acl/acl.h"
#include "acl/acl_op.h"
#include "fail_nth.h"

enum { kBytes = 300000, kSeconds = 30, kExitBad = 1 };
// Allocations that a fault may leave behind: texts of errors. What OpenVINO keeps for its next model is not
// counted.
enum { kSlack = 4 };

static FailNthArm* arm;
static FailNthDisarm* disarm;
static FailNthLive* live;

static aclrtContext context;
static aclrtStream stream;
static aclrtStream other_stream;
static aclrtEvent event;
static void* device_memory;
static void* host_memory;
static void* blocks[40];
static aclDataBuffer* buffer;
static aclTensorDesc* desc;
static aclmdlAIPP* aipp;
static uint32_t model;
static int called;
static char* kernel_bytes;  ///< Read before the first run.
static int kernel_size;
static int has_kernel;

// Returns at once from the step when a call fails.
#define DO(call)                          \
  do {                                    \
    const aclError done = (call);         \
    if (done != ACL_SUCCESS) return done; \
  } while (0)

enum { kWrong = -1 };  // A step that succeeded and did something else than it says.

static void on_callback(void* data) {
  ++*(int*)data;
}

static void on_exception(aclrtExceptionInfo* info) {
  (void)aclrtGetTaskIdFromExceptionInfo(info);
}

static aclError initialize(void) {
  return aclInit(NULL);
}

static aclError set_device(void) {
  return aclrtSetDevice(0);
}

static aclError create_context(void) {
  return aclrtCreateContext(&context, 0);
}

static aclError create_streams(void) {
  if (stream == NULL) DO(aclrtCreateStream(&stream));
  return aclrtCreateStreamWithConfig(&other_stream, 0, ACL_STREAM_FAST_SYNC);
}

static aclError create_event(void) {
  return aclrtCreateEvent(&event);
}

static aclError allocate(void) {
  if (device_memory == NULL) DO(aclrtMalloc(&device_memory, kBytes, ACL_MEM_MALLOC_HUGE_FIRST));
  return aclrtMallocHost(&host_memory, kBytes);
}

static aclError allocate_blocks(void) {
  for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; ++i)
    if (blocks[i] == NULL) DO(aclrtMalloc(&blocks[i], 100 + i * 4000, ACL_MEM_MALLOC_NORMAL_ONLY));
  return ACL_SUCCESS;
}

static aclError free_blocks(void) {
  // Every second one first, so that the free ranges cannot be joined.
  for (size_t start = 0; start < 2; ++start)
    for (size_t i = start; i < sizeof blocks / sizeof blocks[0]; i += 2) {
      if (blocks[i] == NULL) continue;
      DO(aclrtFree(blocks[i]));
      blocks[i] = NULL;
    }
  return ACL_SUCCESS;
}

static aclError copy(void) {
  unsigned char* const bytes = host_memory;
  memset(bytes, 7, kBytes);
  DO(aclrtMemcpy(device_memory, kBytes, bytes, kBytes, ACL_MEMCPY_HOST_TO_DEVICE));
  memset(bytes, 0, kBytes);
  DO(aclrtMemcpy(bytes, kBytes, device_memory, kBytes, ACL_MEMCPY_DEVICE_TO_HOST));
  return bytes[0] == 7 && bytes[kBytes - 1] == 7 ? ACL_SUCCESS : kWrong;
}

static aclError run_tasks(void) {
  unsigned char* const bytes = host_memory;
  for (int i = 0; i < 100; ++i)  // More than fit into a new stream.
    DO(aclrtMemsetAsync(device_memory, kBytes, i, 64, stream));
  DO(aclrtMemcpyAsync(bytes, kBytes, device_memory, 64, ACL_MEMCPY_DEVICE_TO_HOST, stream));
  DO(aclrtSynchronizeStream(stream));
  return bytes[63] == 99 ? ACL_SUCCESS : kWrong;
}

static aclError use_event(void) {
  unsigned char* const bytes = host_memory;
  // First the wait, so that the stream has to be put aside until the record.
  DO(aclrtStreamWaitEvent(other_stream, event));
  const aclError copied =
      aclrtMemcpyAsync(bytes, kBytes, device_memory, 64, ACL_MEMCPY_DEVICE_TO_HOST, other_stream);
  const aclError set = aclrtMemsetAsync(device_memory, kBytes, 5, 64, stream);
  // Without a record the other stream would wait for ever: only a second attempt may be refused.
  aclError recorded = aclrtRecordEvent(event, stream);
  if (recorded != ACL_SUCCESS) {
    disarm();
    if (aclrtRecordEvent(event, stream) != ACL_SUCCESS) return kWrong;
  }
  const aclError first = aclrtSynchronizeStream(stream);
  const aclError second = aclrtSynchronizeStream(other_stream);
  DO(copied);
  DO(set);
  DO(recorded);
  DO(first);
  DO(second);
  DO(aclrtSynchronizeEvent(event));
  if (bytes[0] != 5) return kWrong;
  DO(aclrtResetEvent(event, stream));
  return aclrtSynchronizeStream(stream);
}

static aclError subscribe(void) {
  return aclrtSubscribeReport((uint64_t)pthread_self(), stream);
}

static aclError call_back(void) {
  const int before = called;
  DO(aclrtLaunchCallback(on_callback, &called, ACL_CALLBACK_BLOCK, stream));
  const aclError processed = aclrtProcessReport(300);
  DO(aclrtSynchronizeStream(stream));
  DO(processed);
  return called == before + 1 ? ACL_SUCCESS : kWrong;
}

static aclError unsubscribe(void) {
  return aclrtUnSubscribeReport((uint64_t)pthread_self(), stream);
}

static aclError fail_task(void) {
  DO(aclrtSetExceptionInfoCallback(on_exception));
  DO(aclrtMemcpyAsync(host_memory, kBytes, host_memory, 64, ACL_MEMCPY_HOST_TO_HOST, stream));
  const aclError failed = aclrtSynchronizeStream(stream);
  if (failed == ACL_SUCCESS) return kWrong;
  return failed == ACL_ERROR_RT_FEATURE_NOT_SUPPORT ? ACL_SUCCESS : failed;
}

static aclError refuse_arguments(void) {
  // Errors need memory for their texts, and keep their codes without it.
  if (aclrtFree(host_memory) != ACL_ERROR_RT_PARAM_INVALID) return kWrong;
  if (aclrtDestroyStream(event) != ACL_ERROR_RT_INVALID_HANDLE) return kWrong;
  if (aclrtMemset(device_memory, 1, 0, 2) != ACL_ERROR_INVALID_PARAM) return kWrong;
  (void)aclGetRecentErrMsg();
  return ACL_SUCCESS;
}

static aclError describe(void) {
  const int64_t dims[] = {2, 3};
  if (buffer == NULL) buffer = aclCreateDataBuffer(device_memory, kBytes);
  if (buffer == NULL) return ACL_ERROR_BAD_ALLOC;
  if (desc == NULL) desc = aclCreateTensorDesc(ACL_FLOAT, 2, dims, ACL_FORMAT_ND);
  if (desc == NULL) return ACL_ERROR_BAD_ALLOC;
  if (aipp == NULL) aipp = aclmdlCreateAIPP(4);
  if (aipp == NULL) return ACL_ERROR_BAD_ALLOC;
  DO(aclmdlSetAIPPSrcImageSize(aipp, 64, 32));
  DO(aclSetTensorConst(desc, host_memory, 64));
  return aclSetTensorDynamicInput(desc, "an input with a name that is longer than a short string");
}

static aclError load_missing_model(void) {
  const aclError loaded = aclmdlLoadFromFile("/nowhere/no.om", &model);
  if (loaded == ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID) (void)aclGetRecentErrMsg();
  return loaded == ACL_SUCCESS                            ? kWrong
         : loaded == ACL_ERROR_GE_EXEC_MODEL_PATH_INVALID ? ACL_SUCCESS
                                                          : loaded;
}

static const char*
    model_path;  ///< NULL: no model is loaded, as the engine's own requests are not the point here.

static aclError load_model(void) {
  if (model_path == NULL) return ACL_SUCCESS;
  DO(aclmdlLoadFromFile(model_path, &model));
  return aclmdlUnload(model);
}

enum { kNumbers = 16 };

static aclError choose_kernel(int input_count, const aclTensorDesc* const* inputs, int output_count,
                              const aclTensorDesc* const* outputs, const aclopAttr* attr,
                              aclopKernelDesc* kernel) {
  (void)input_count, (void)inputs, (void)output_count, (void)outputs, (void)attr;
  const uint64_t tiling[] = {kNumbers, kNumbers / 2};
  return aclopSetKernelArgs(kernel, "add", 2, tiling, sizeof tiling);
}

static aclError register_kernel(void) {
  if (!has_kernel)
    DO(aclopCreateKernel("Sum", "add", "cce_add_float", kernel_bytes, kernel_size, ACL_ENGINE_AICORE, NULL));
  has_kernel = 1;
  return aclopRegisterCompileFunc("Sum", choose_kernel);
}

// The first numbers of the device's memory and those behind them, into those behind these.
static aclError add_with(aclTensorDesc* numbers, aclDataBuffer* const* buffers) {
  if (numbers == NULL) return ACL_ERROR_BAD_ALLOC;
  for (int i = 0; i < 3; ++i)
    if (buffers[i] == NULL) return ACL_ERROR_BAD_ALLOC;
  float* const values = host_memory;
  for (int i = 0; i < 2 * kNumbers; ++i)
    values[i] = (float)i;
  DO(aclrtMemcpy(device_memory, kBytes, values, 2 * kNumbers * sizeof *values, ACL_MEMCPY_HOST_TO_DEVICE));
  aclTensorDesc* descs[] = {numbers, numbers};
  aclDataBuffer* in[] = {buffers[0], buffers[1]};
  aclDataBuffer* out[] = {buffers[2]};
  DO(aclopExecuteV2("Sum", 2, descs, in, 1, descs, out, NULL, stream));
  DO(aclrtSynchronizeStream(stream));
  DO(aclrtMemcpy(values, kBytes, device_memory, 3 * kNumbers * sizeof *values, ACL_MEMCPY_DEVICE_TO_HOST));
  return values[3 * kNumbers - 1] == (float)(3 * kNumbers - 2) ? ACL_SUCCESS : kWrong;
}

static aclError execute_kernel(void) {
  const int64_t dims[] = {kNumbers};
  const size_t bytes = kNumbers * sizeof(float);
  aclTensorDesc* const numbers = aclCreateTensorDesc(ACL_FLOAT, 1, dims, ACL_FORMAT_ND);
  aclDataBuffer* buffers[3];
  for (size_t i = 0; i < 3; ++i)
    buffers[i] = aclCreateDataBuffer((char*)device_memory + i * bytes, bytes);
  const aclError added = add_with(numbers, buffers);
  for (size_t i = 0; i < 3; ++i)
    if (buffers[i] != NULL) DO(aclDestroyDataBuffer(buffers[i]));
  if (numbers != NULL) aclDestroyTensorDesc(numbers);
  return added;
}

static aclError unregister_kernel(void) {
  return aclopUnregisterCompileFunc("Sum");
}

static aclError undescribe(void) {
  if (buffer != NULL) DO(aclDestroyDataBuffer(buffer));
  buffer = NULL;
  if (aipp != NULL) DO(aclmdlDestroyAIPP(aipp));
  aipp = NULL;
  aclDestroyTensorDesc(desc);
  return ACL_SUCCESS;
}

static aclError release(void) {
  if (event != NULL) DO(aclrtDestroyEvent(event));
  event = NULL;
  if (device_memory != NULL) DO(aclrtFree(device_memory));
  device_memory = NULL;
  if (host_memory != NULL) DO(aclrtFreeHost(host_memory));
  host_memory = NULL;
  if (stream != NULL) DO(aclrtDestroyStream(stream));
  stream = NULL;
  return aclrtDestroyStreamForce(other_stream);
}

static aclError wait_for_device(void) {
  return aclrtSynchronizeDevice();
}

static aclError destroy_context(void) {
  return aclrtDestroyContext(context);
}

static aclError reset_device(void) {
  return aclrtResetDevice(0);
}

static aclError finalize(void) {
  return aclFinalize();
}

static const struct {
  const char* name;
  aclError (*run)(void);
} kSteps[] = {
    {"init", initialize},
    {"set_device", set_device},
    {"create_context", create_context},
    {"create_streams", create_streams},
    {"create_event", create_event},
    {"allocate", allocate},
    {"allocate_blocks", allocate_blocks},
    {"copy", copy},
    {"run_tasks", run_tasks},
    {"use_event", use_event},
    {"subscribe", subscribe},
    {"call_back", call_back},
    {"unsubscribe", unsubscribe},
    {"fail_task", fail_task},
    {"refuse_arguments", refuse_arguments},
    {"describe", describe},
    {"load_missing_model", load_missing_model},
    {"load_model", load_model},
    {"register_kernel", register_kernel},
    {"execute_kernel", execute_kernel},
    {"unregister_kernel", unregister_kernel},
    {"undescribe", undescribe},
    {"free_blocks", free_blocks},
    {"synchronize_device", wait_for_device},
    {"release", release},
    {"destroy_context", destroy_context},
    {"reset_device", reset_device},
    {"set_device again", set_device},
    {"reset_device again", reset_device},
    {"finalize", finalize},
};

// What may be said when a resource is missing.
static int is_documented(aclError code) {
  switch (code) {
    case ACL_ERROR_BAD_ALLOC:
    case ACL_ERROR_STORAGE_OVER_LIMIT:
    case ACL_ERROR_RT_MEMORY_ALLOCATION:
    case ACL_ERROR_RT_RESOURCE_ALLOC_FAIL:
    case ACL_ERROR_GE_LOAD_MODEL:
    case ACL_ERROR_OP_LOAD_FAILED:
    case ACL_ERROR_RT_NO_STREAM_RESOURCE:
    case ACL_ERROR_RT_NO_EVENT_RESOURCE:
    case ACL_ERROR_RT_EVENT_NOT_COMPLETE:  // Of a wait for a record that could not be launched.
    case ACL_ERROR_RT_REPORT_TIMEOUT:      // Of the callback that could not be handed over.
      return 1;
    default:
      return 0;
  }
}

static long count_files(void) {
  long files = 0;
  DIR* const folder = opendir("/proc/self/fd");
  while (folder != NULL && readdir(folder) != NULL)
    ++files;
  if (folder != NULL) closedir(folder);
  return files;
}

static long count_maps(void) {
  // Mappings of more than a gigabyte are those of device memory.
  long maps = 0;
  FILE* const file = fopen("/proc/self/maps", "r");
  unsigned long long from = 0;
  unsigned long long to = 0;
  char line[4096];
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "%llx-%llx", &from, &to) == 2 && to - from >= 1ULL << 28) ++maps;
  if (file != NULL) fclose(file);
  return maps;
}

struct Rest {
  long calls;
  long allocations;
  long files;
  long maps;
};

// The whole program with the n-th request refused; n = 0: none.
static int run(enum FaultKind kind, long n, int all_after, struct Rest* rest) {
  long calls = -1;
  alarm(kSeconds);
  arm(kind, n == 0 ? 1L << 40 : n, all_after);
  for (size_t i = 0; i < sizeof kSteps / sizeof kSteps[0]; ++i) {
    aclError code = kSteps[i].run();
    if (code == ACL_SUCCESS) continue;
    if (calls < 0) calls = disarm();
    const char* const text = aclGetRecentErrMsg();
    if (n == 0 || !is_documented(code)) {
      fprintf(stderr, "request %ld: %s returned %d: %s\n", n, kSteps[i].name, code,
              text ? text : "(no text)");
      return kExitBad;
    }
    if (text != NULL && text[0] != '[') {
      fprintf(stderr, "request %ld: %s: the text names no rule: %s\n", n, kSteps[i].name, text);
      return kExitBad;
    }
    code = kSteps[i].run();
    if (code != ACL_SUCCESS) {
      const char* const again = aclGetRecentErrMsg();
      fprintf(stderr, "request %ld: %s failed again with %d: %s\n", n, kSteps[i].name, code,
              again ? again : "(no text)");
      return kExitBad;
    }
  }
  if (calls < 0) calls = disarm();
  (void)aclGetRecentErrMsg();
  rest->calls = calls;
  rest->allocations = live();
  rest->files = count_files();
  rest->maps = count_maps();
  return 0;
}

// The run in a process of its own. Returns its exit code, or -signal.
static int run_in_child(enum FaultKind kind, long n, int all_after, struct Rest* rest) {
  int ends[2];
  if (pipe(ends) != 0) return kExitBad;
  const pid_t child = fork();
  if (child == 0) {
    struct Rest mine = {0, 0, 0, 0};
    close(ends[0]);
    const int code = run(kind, n, all_after, &mine);
    if (write(ends[1], &mine, sizeof mine) != (ssize_t)sizeof mine) _exit(kExitBad);
    _exit(code);
  }
  close(ends[1]);
  const int complete = read(ends[0], rest, sizeof *rest) == (ssize_t)sizeof *rest;
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) return -WTERMSIG(status);
  return complete ? WEXITSTATUS(status) : kExitBad;
}

static void* symbol(const char* name) {
  void* const found = dlsym(RTLD_DEFAULT, name);
  if (found == NULL) {
    fprintf(stderr, "%s is missing: run with LD_PRELOAD=libfail_nth.so\n", name);
    exit(2);
  }
  return found;
}

static void read_kernels(void) {
  const char* const path = getenv("CAIRN_FAULT_KERNELS");
  FILE* const file = path != NULL ? fopen(path, "rb") : NULL;
  enum { kMost = 1 << 24 };
  kernel_bytes = malloc(kMost);
  if (file != NULL && kernel_bytes != NULL) kernel_size = (int)fread(kernel_bytes, 1, kMost, file);
  if (kernel_size == 0) {
    fprintf(stderr, "CAIRN_FAULT_KERNELS has to name a file\n");
    exit(2);
  }
  fclose(file);
}

int main(int argc, char** argv) {
  static const char* const kNames[kFaultKinds] = {"memory", "map", "thread", "file", "library"};
  int kind = 0;
  while (argc >= 3 && kind < kFaultKinds && strcmp(argv[1], kNames[kind]) != 0)
    ++kind;
  if (argc < 3 || kind == kFaultKinds) {
    fprintf(stderr, "usage: %s memory|map|thread|file|library once|all [FIRST LAST]\n", argv[0]);
    return 2;
  }
  *(void**)&arm = symbol("fail_nth_arm");
  *(void**)&disarm = symbol("fail_nth_disarm");
  *(void**)&live = symbol("fail_nth_live");
  read_kernels();
  const int all_after = strcmp(argv[2], "all") == 0;
  if (kind == kFaultLibrary) model_path = getenv("CAIRN_FAULT_MODEL");
  struct Rest without = {0, 0, 0, 0};
  if (run_in_child((enum FaultKind)kind, 0, 0, &without) != 0) {
    fprintf(stderr, "the program fails without a fault\n");
    return 1;
  }
  int bad = 0;
  const long first = argc > 3 ? atol(argv[3]) : 1;
  const long last = argc > 4 ? atol(argv[4]) : without.calls;
  for (long n = first; n <= last; ++n) {
    struct Rest rest = {0, 0, 0, 0};
    const int ended = run_in_child((enum FaultKind)kind, n, all_after, &rest);
    if (ended != 0) {
      ++bad;
      if (ended < 0) fprintf(stderr, "request %ld: ended by signal %d\n", n, -ended);
    } else if ((model_path == NULL && rest.allocations > without.allocations + kSlack) ||
               rest.files > without.files || rest.maps > without.maps) {
      ++bad;
      fprintf(stderr,
              "request %ld: left are %ld allocations, %ld files, %ld maps; without a fault %ld, %ld, %ld\n",
              n, rest.allocations, rest.files, rest.maps, without.allocations, without.files, without.maps);
    }
  }
  printf("%ld requests of kind %s, refused %s: %d bad\n", without.calls, kNames[kind],
         all_after ? "from each on" : "one by one", bad);
  return bad == 0 ? 0 : 1;
}
