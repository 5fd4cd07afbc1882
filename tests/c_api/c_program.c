/* The runtime as a C program uses it. Exit status 0 if everything worked; else the failing call is printed.
 */
#include <stdio.h>
#include <string.h>

#include "acl/acl.h"

#define CHECK(call)                                                                           \
  do {                                                                                        \
    aclError check_ret = (call);                                                              \
    if (check_ret != ACL_SUCCESS) {                                                           \
      const char* text = aclGetRecentErrMsg();                                                \
      fprintf(stderr, "%s = %d: %s\n", #call, check_ret, text != NULL ? text : "no message"); \
      return 1;                                                                               \
    }                                                                                         \
  } while (0)

#define EXPECT(condition)                            \
  do {                                               \
    if (!(condition)) {                              \
      fprintf(stderr, "not true: %s\n", #condition); \
      return 1;                                      \
    }                                                \
  } while (0)

enum { kSize = 1000 };

static int copy_there_and_back(aclrtStream stream) {
  void* device = NULL;
  void* host = NULL;
  CHECK(aclrtMalloc(&device, kSize, ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK(aclrtMallocHost(&host, kSize));
  memset(host, 7, kSize);
  CHECK(aclrtMemcpyAsync(device, kSize, host, kSize, ACL_MEMCPY_HOST_TO_DEVICE, stream));
  CHECK(aclrtMemsetAsync(device, kSize, 9, 10, stream));
  CHECK(aclrtSynchronizeStream(stream));
  CHECK(aclrtMemcpy(host, kSize, device, kSize, ACL_MEMCPY_DEVICE_TO_HOST));
  EXPECT(((char*)host)[9] == 9 && ((char*)host)[10] == 7 && ((char*)host)[kSize - 1] == 7);
  CHECK(aclrtFree(device));
  CHECK(aclrtFreeHost(host));
  return 0;
}

static int measure(aclrtStream stream) {
  aclrtEvent start = NULL;
  aclrtEvent end = NULL;
  float milliseconds = -1;
  CHECK(aclrtCreateEvent(&start));
  CHECK(aclrtCreateEvent(&end));
  CHECK(aclrtRecordEvent(start, stream));
  CHECK(aclrtRecordEvent(end, stream));
  CHECK(aclrtSynchronizeEvent(end));
  CHECK(aclrtEventElapsedTime(&milliseconds, start, end));
  EXPECT(milliseconds >= 0);
  CHECK(aclrtDestroyEvent(start));
  CHECK(aclrtDestroyEvent(end));
  return 0;
}

static int describe(void) {
  const int64_t dims[] = {1, 3, 224, 224};
  aclTensorDesc* desc = aclCreateTensorDesc(ACL_FLOAT16, 4, dims, ACL_FORMAT_NCHW);
  int64_t dim = 0;
  EXPECT(desc != NULL);
  EXPECT(aclGetTensorDescSize(desc) == 1 * 3 * 224 * 224 * sizeof(aclFloat16));
  CHECK(aclGetTensorDescDimV2(desc, 3, &dim));
  EXPECT(dim == 224);
  aclDestroyTensorDesc(desc);
  EXPECT(aclFloat16ToFloat(aclFloatToFloat16(0.5F)) == 0.5F);
  return 0;
}

int main(void) {
  aclrtContext context = NULL;
  aclrtStream stream = NULL;
  aclrtRunMode mode = ACL_DEVICE;
  int32_t major = 0;
  int32_t minor = 0;
  int32_t patch = 0;
  CHECK(aclInit(NULL));
  CHECK(aclrtGetVersion(&major, &minor, &patch));
  EXPECT(major >= 1);
  CHECK(aclrtGetRunMode(&mode));
  EXPECT(aclrtGetSocName() != NULL);
  CHECK(aclrtSetDevice(0));
  CHECK(aclrtCreateContext(&context, 0));
  CHECK(aclrtCreateStream(&stream));
  if (copy_there_and_back(stream) != 0 || measure(stream) != 0 || describe() != 0) return 1;
  EXPECT(aclrtSynchronizeStream((aclrtStream)&stream) != ACL_SUCCESS);
  EXPECT(aclGetRecentErrMsg() != NULL);
  EXPECT(aclrtMalloc(NULL, 1, ACL_MEM_MALLOC_HUGE_FIRST) != ACL_SUCCESS);
  EXPECT(aclrtCreateStream(NULL) != ACL_SUCCESS);
  CHECK(aclrtDestroyStream(stream));
  CHECK(aclrtDestroyContext(context));
  CHECK(aclrtResetDevice(0));
  CHECK(aclFinalize());
  return 0;
}
