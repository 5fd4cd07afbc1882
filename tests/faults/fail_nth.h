// What fault_program calls of the preloaded libfail_nth.so.
#ifndef CAIRN_TESTS_FAIL_NTH_H
#define CAIRN_TESTS_FAIL_NTH_H

enum FaultKind { kFaultMemory, kFaultMap, kFaultThread, kFaultFile, kFaultLibrary, kFaultKinds };

// From now on the n-th call (1 = the next) of that kind by any thread fails; with `all_after`, so do all
// after it.
typedef void FailNthArm(enum FaultKind kind, long n, int all_after);
// No further call fails. Returns how many calls of the kind were seen while armed.
typedef long FailNthDisarm(void);
// Allocations of the process that were not freed yet.
typedef long FailNthLive(void);

#endif
