"""What only C has: mapped memory, described copies, pointers into host memory."""

import re

import pytest

# FAULT is the program's first argument, "" for none.
START = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "acl/acl.h"

static void ok(int ret, int line) {
  if (ret == ACL_SUCCESS) return;
  fprintf(stderr, "line %d: %d\\n", line, ret);
  exit(3);
}
#define OK(call) ok(call, __LINE__)
#define STEP (2u << 20)
"""

MAPPING = (
    START
    + """
int main(int argc, char** argv) {
  const char* fault = argc > 1 ? argv[1] : "";
#define FAULT(name) (strcmp(fault, name) == 0)
  OK(aclInit(NULL));
  OK(aclrtSetDevice(0));
  aclrtStream stream;
  OK(aclrtCreateStream(&stream));
  aclrtPhysicalMemProp prop = {0};
  prop.handleType = ACL_MEM_HANDLE_TYPE_NONE;
  prop.allocationType = ACL_MEM_ALLOCATION_TYPE_PINNED;
  prop.memAttr = ACL_HBM_MEM_HUGE;
  prop.location.type = ACL_MEM_LOCATION_TYPE_DEVICE;
  void* start;
  aclrtDrvMemHandle pieces[2];
  OK(aclrtReserveMemAddress(&start, 3 * STEP, 0, NULL, 1));
  for (int i = 0; i < 2; ++i) {
    OK(aclrtMallocPhysical(&pieces[i], STEP, &prop, 0));
    OK(aclrtMapMem((char*)start + i * STEP, STEP, 0, pieces[i], 0));
  }
  char* host = malloc(2 * STEP);
  if (!FAULT("unwritten")) OK(aclrtMemset(start, 2 * STEP, 7, 2 * STEP));
  if (FAULT("beyond")) aclrtMemset(start, 3 * STEP, 7, 3 * STEP);
  if (FAULT("not mapped")) aclrtMemset((char*)start + 2 * STEP, 64, 7, 64);
  if (FAULT("freed")) aclrtFree(start);
  OK(aclrtMemcpy(host, 2 * STEP, start, 2 * STEP, ACL_MEMCPY_DEVICE_TO_HOST));
  /* The bytes stay with the piece of memory. */
  OK(aclrtUnmapMem((char*)start + STEP));
  OK(aclrtMapMem((char*)start + 2 * STEP, STEP, 0, pieces[1], 0));
  OK(aclrtMemcpy(host, 64, (char*)start + 2 * STEP, 64, ACL_MEMCPY_DEVICE_TO_HOST));
  OK(aclrtMemsetAsync(start, 64, 1, 64, stream));
  if (!FAULT("in use")) OK(aclrtSynchronizeStream(stream));
  OK(aclrtUnmapMem(start));
  OK(aclrtSynchronizeStream(stream));
  if (!FAULT("left mapped") && !FAULT("left reserved")) OK(aclrtUnmapMem((char*)start + 2 * STEP));
  if (FAULT("left reserved")) OK(aclrtUnmapMem((char*)start + 2 * STEP));
  for (int i = 0; i < 2; ++i) OK(aclrtFreePhysical(pieces[i]));
  if (!FAULT("left mapped") && !FAULT("left reserved")) OK(aclrtReleaseMemAddress(start));
  free(host);
  OK(aclrtDestroyStream(stream));
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
  return 0;
}
"""
)


def test_mapped_memory_is_known(check_c):
    run = check_c(MAPPING)
    assert run.findings == [], run.stderr
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(("fault", "kind", "titles"), [
    ("unwritten", "memory", ["memory is read that nobody wrote"]),
    ("beyond", "memory", ["an access goes beyond its allocation"]),
    ("not mapped", "memory", ["an access to reserved addresses where no memory is mapped"]),
    ("freed", "memory", ["mapped memory is freed by the function for allocated memory"]),
    ("in use", "sync", ["the host unmaps memory that an unfinished task writes"]),
    ("left mapped", "leak", ["memory was not unmapped when the device was reset",
                             "reserved addresses were not released when the device was reset"]),
    ("left reserved", "leak", ["reserved addresses were not released when the device was reset"]),
])  # fmt: skip
def test_faults_with_mapped_memory(check_c, fault, kind, titles):
    run = check_c(MAPPING, fault, kinds=kind)
    assert run.titles() == titles, run.stderr
    assert all(any(line.startswith("main ") for line in one["places"][0]["stack"]) for one in run.findings)


DESCRIBED_COPY = (
    START
    + """
int main(int argc, char** argv) {
  OK(aclInit(NULL));
  OK(aclrtSetDevice(0));
  aclrtStream stream;
  OK(aclrtCreateStream(&stream));
  void *from, *to, *description;
  size_t size;
  OK(aclrtGetMemcpyDescSize(ACL_MEMCPY_DEVICE_TO_DEVICE, &size));
  OK(aclrtMalloc(&from, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtMalloc(&to, 64, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtMalloc(&description, size, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtSetMemcpyDesc(description, ACL_MEMCPY_DEVICE_TO_DEVICE, from, to, 64, NULL));
  OK(aclrtMemsetAsync(from, 64, 7, 64, stream));
  OK(aclrtMemcpyAsyncWithDesc(description, ACL_MEMCPY_DEVICE_TO_DEVICE, stream));
  char host[64];
  if (argc == 1) OK(aclrtSynchronizeStream(stream));
  OK(aclrtMemcpy(host, 64, to, 64, ACL_MEMCPY_DEVICE_TO_HOST));
  OK(aclrtSynchronizeStream(stream));
  OK(aclrtFree(from));
  OK(aclrtFree(to));
  OK(aclrtFree(description));
  OK(aclrtDestroyStream(stream));
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
  return 0;
}
"""
)


def test_a_described_copy_is_a_task_of_its_stream(check_c):
    clean = check_c(DESCRIBED_COPY)
    assert clean.findings == [], clean.stderr
    assert clean.returncode == 0, clean.stderr
    run = check_c(DESCRIBED_COPY, "fault", kinds="sync")
    assert run.titles() == ["the host reads memory that an unfinished task writes"], run.stderr
    assert run.findings[0]["places"][1]["what"].startswith("aclrtMemcpyAsyncWithDesc launched the task")


POINTER = (
    START
    + """
int look(const char* bytes) { return bytes[100]; }

int main(int argc, char** argv) {
  OK(aclInit(NULL));
  OK(aclrtSetDevice(0));
  aclrtStream stream;
  OK(aclrtCreateStream(&stream));
  void *memory, *host;
  OK(aclrtMalloc(&memory, 4096, ACL_MEM_MALLOC_HUGE_FIRST));
  OK(aclrtMallocHost(&host, 4096));
  OK(aclrtMemset(memory, 4096, 7, 4096));
  OK(aclrtMemcpyAsync(host, 4096, memory, 4096, ACL_MEMCPY_DEVICE_TO_HOST, stream));
  if (argc == 1) OK(aclrtSynchronizeStream(stream));
  int seen = look(host);
  OK(aclrtSynchronizeStream(stream));
  printf("%d %d\\n", seen == 7 || argc > 1, look(host));
  OK(aclrtFree(memory));
  OK(aclrtFreeHost(host));
  OK(aclrtDestroyStream(stream));
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
  return 0;
}
"""
)


def test_a_pointer_into_host_memory_is_read_while_a_copy_writes_it(check_c):
    clean = check_c(POINTER)
    assert (clean.findings, clean.returncode, clean.stdout) == ([], 0, "1 7\n"), clean.stderr
    run = check_c(POINTER, "fault", kinds="sync")
    assert run.titles() == ["the host reads memory that an unfinished task writes"], run.stderr
    assert (run.returncode, run.stdout) == (0, "1 7\n"), run.stderr
    use = run.findings[0]["places"][0]
    assert use["what"].startswith("the program reads 0x")
    names = [re.match(r"\w+", line)[0] for line in use["stack"] if not line.startswith("?")]
    assert names == ["look", "main"], use["stack"]


GROUP = (
    START
    + """
int main(void) {
  OK(aclInit(NULL));
  OK(aclrtSetDevice(0));
  aclrtGroupInfo* info = aclrtCreateGroupInfo();
  OK(aclrtGetAllGroupInfo(info));
  int value = 0;
  size_t size = 0;
  printf("%d\\n", aclrtGetGroupInfoDetail(info, 0, ACL_GROUP_AICORE_INT, &value, sizeof value, &size));
  OK(aclrtDestroyGroupInfo(info));
  OK(aclrtResetDevice(0));
  OK(aclFinalize());
  return 0;
}
"""
)


def test_a_board_does_not_tell_its_cores(check_c):
    run = check_c(GROUP, CAIRN_SOC="Ascend310B4")
    assert [(one["title"], one["rule"]) for one in run.findings] == [
        ("Ascend310B4 does not have aclrtGetGroupInfoDetail", "APP-082")
    ]
    assert run.stdout == "207000\n"
    run = check_c(GROUP, CAIRN_SOC="Ascend310P3")
    assert (run.findings, run.stdout) == ([], "0\n"), run.stderr
