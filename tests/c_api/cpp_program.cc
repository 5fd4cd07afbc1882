// The runtime as a C++ program uses it: several threads with contexts of their own, callbacks, events between
// streams.
#include <pthread.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <thread>
#include <vector>

#include "acl/acl.h"

namespace {

std::atomic<int> callbacks{0};

void check(aclError ret, const char* call) {
  if (ret == ACL_SUCCESS) return;
  const char* text = aclGetRecentErrMsg();
  std::fprintf(stderr, "%s = %d: %s\n", call, ret, text != nullptr ? text : "no message");
  std::_Exit(1);
}
#define CHECK(call) check((call), #call)

void work(int number) {
  aclrtContext context = nullptr;
  aclrtStream first = nullptr;
  aclrtStream second = nullptr;
  aclrtEvent event = nullptr;
  void* device = nullptr;
  CHECK(aclrtCreateContext(&context, 0));
  CHECK(aclrtCreateStream(&first));
  CHECK(aclrtCreateStreamWithConfig(&second, 0, ACL_STREAM_FAST_SYNC));
  CHECK(aclrtCreateEvent(&event));
  CHECK(aclrtMalloc(&device, 4096, ACL_MEM_MALLOC_NORMAL_ONLY));
  std::vector<unsigned char> host(4096);
  for (int i = 0; i < 200; ++i) {
    CHECK(aclrtMemsetAsync(device, 4096, number + i, 4096, first));
    CHECK(aclrtRecordEvent(event, first));
    CHECK(aclrtStreamWaitEvent(second, event));
    CHECK(aclrtMemsetAsync(device, 4096, number, 64, second));
    CHECK(aclrtSynchronizeStream(second));
    CHECK(aclrtResetEvent(event, first));
    CHECK(aclrtMemcpy(host.data(), host.size(), device, 4096, ACL_MEMCPY_DEVICE_TO_HOST));
    if (host[0] != number || host[64] != static_cast<unsigned char>(number + i)) {
      std::fprintf(stderr, "thread %d, round %d: wrong data\n", number, i);
      std::_Exit(1);
    }
  }
  CHECK(aclrtSubscribeReport(static_cast<uint64_t>(pthread_self()), first));
  CHECK(aclrtLaunchCallback([](void* data) { *static_cast<std::atomic<int>*>(data) += 1; }, &callbacks,
                            ACL_CALLBACK_BLOCK, first));
  CHECK(aclrtProcessReport(10000));
  CHECK(aclrtSynchronizeStream(first));
  CHECK(aclrtUnSubscribeReport(static_cast<uint64_t>(pthread_self()), first));
  CHECK(aclrtFree(device));
  CHECK(aclrtDestroyEvent(event));
  CHECK(aclrtDestroyStream(first));
  CHECK(aclrtDestroyStream(second));
  CHECK(aclrtDestroyContext(context));
}

}  // namespace

int main() {
  CHECK(aclInit(nullptr));
  CHECK(aclrtSetDevice(0));
  std::vector<std::thread> threads;
  for (int i = 1; i <= 4; ++i)
    threads.emplace_back(work, i);
  for (auto& thread : threads)
    thread.join();
  CHECK(aclrtResetDevice(0));
  CHECK(aclFinalize());
  return callbacks == 4 ? 0 : 1;
}
