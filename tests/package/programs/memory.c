// A C program as a user writes it: device memory is set, copied to the host and compared.
#include <stdio.h>
#include <string.h>

#include "acl/acl.h"

#define CHECK(call)                                                       \
  do {                                                                    \
    aclError status_ = (call);                                            \
    if (status_ != ACL_SUCCESS) {                                         \
      const char* text_ = aclGetRecentErrMsg();                           \
      fprintf(stderr, "%s: %d %s\n", #call, status_, text_ ? text_ : ""); \
      return 1;                                                           \
    }                                                                     \
  } while (0)

int main(void) {
  unsigned char host[256];
  void* device = NULL;
  size_t i;

  memset(host, 0, sizeof(host));
  CHECK(aclInit(NULL));
  CHECK(aclrtSetDevice(0));
  CHECK(aclrtMalloc(&device, sizeof(host), ACL_MEM_MALLOC_HUGE_FIRST));
  CHECK(aclrtMemset(device, sizeof(host), 0x5a, sizeof(host)));
  CHECK(aclrtMemcpy(host, sizeof(host), device, sizeof(host), ACL_MEMCPY_DEVICE_TO_HOST));
  for (i = 0; i < sizeof(host); ++i) {
    if (host[i] != 0x5a) return 2;
  }
  CHECK(aclrtFree(device));
  CHECK(aclrtResetDevice(0));
  CHECK(aclFinalize());
  puts("memory is right");
  return 0;
}
