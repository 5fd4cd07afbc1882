#!/usr/bin/env python3
"""What a program pays before its first call: import, init and set_device, memory, and processor time while idle.

Prints one JSON object per line; `limit` is what the project allows itself. Each run has a process of its own; times are medians.
"""

import json
import statistics
import subprocess
import sys

RUNS = 15

CHILD = """
import json, time
def now(): return time.perf_counter() * 1e3
def resident():
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS")) / 1024
start = now()
import acl
imported = now()
assert acl.init() == 0
assert acl.rt.set_device(0) == 0
ready = now()
memory = resident()
stream, _ = acl.rt.create_stream()
pointer, _ = acl.rt.malloc(64, 0)
acl.rt.memset_async(pointer, 64, 1, 64, stream)
acl.rt.synchronize_stream(stream)
time.sleep(0.05)
used = time.process_time()
time.sleep(1)
idle = (time.process_time() - used) * 1e3
print(json.dumps({"import": imported - start, "init": ready - imported, "resident": memory, "idle": idle}))
"""

ROWS = {
    "import": ("import acl", "ms", 30),
    "init": ("init and set_device", "ms", 20),
    "resident": ("resident memory after them", "MB", 40),
    "idle": ("processor time in one idle second", "ms", 5),
}


def main() -> None:
    runs = []
    for _ in range(RUNS):
        done = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
        runs.append(json.loads(done.stdout))
    for key, (name, unit, limit) in ROWS.items():
        value = statistics.median(run[key] for run in runs)
        print(json.dumps({"name": name, "ours": round(value, 2), "unit": unit, "limit": limit}))


if __name__ == "__main__":
    main()
