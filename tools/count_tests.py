"""Counts one run of tests: count_tests.py JUNIT_FILE EXIT_STATUS prints `PASSED FAILED`, then a line for each failure.

A run that ended badly without saying which test failed (a crash, a sanitizer's report, no file at all) counts as
one failure on top of what the file tells, so that it can never look green.
"""

import sys
import xml.etree.ElementTree as ElementTree


def failure_of(case: ElementTree.Element) -> str | None:
    """The test's name and the start of what it said, or None if it passed."""
    for kind in ("failure", "error"):
        if (found := case.find(kind)) is not None:
            message = " ".join(found.get("message", "").split())
            return f"{case.get('classname')}.{case.get('name')}: {message[:300]}"
    return None


def count(path: str, status: int) -> tuple[int, list[str]]:
    """How many tests passed, and the failures."""
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, [f"ended with status {status} and without a report"]
    ran = [case for case in cases if case.find("skipped") is None and case.get("status") != "notrun"]
    failures = [failure for case in ran if (failure := failure_of(case)) is not None]
    good = len(ran) - len(failures)
    if not ran:
        failures.append("ran no test")
    elif status != 0 and not failures:
        failures.append(f"ended with status {status} after its tests")
    return good, failures


if __name__ == "__main__":
    passed, failed = count(sys.argv[1], int(sys.argv[2]))
    print(passed, len(failed))
    for line in failed:
        print(line)
