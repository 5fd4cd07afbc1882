#!/usr/bin/env python3
"""A Python call that only asks, next to an empty nanobind function.

Prints one JSON object: how many nanoseconds more acl.rt.get_device takes. The two take turns; the times are medians.

Usage: python_bench.py FOLDER_OF_EMPTY_MODULE
"""

import json
import statistics
import sys
import timeit

import acl

ROUNDS, CALLS = 31, 100_000
LIMIT_NS = 60


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    import empty_module

    assert acl.init() == 0
    assert acl.rt.set_device(0) == 0
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(timeit.timeit(acl.rt.get_device, number=CALLS) / CALLS * 1e9)
        theirs.append(timeit.timeit(empty_module.nothing, number=CALLS) / CALLS * 1e9)
    more = statistics.median(ours) - statistics.median(theirs)
    row = {"name": "acl.rt.get_device, more than an empty nanobind function", "ours": round(more, 1)}
    print(json.dumps(row | {"unit": "ns", "limit": LIMIT_NS, "met": more <= LIMIT_NS}))


if __name__ == "__main__":
    main()
