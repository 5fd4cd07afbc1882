"""Prints `PASSED FAILED` for one run of tests: count_tests.py JUNIT_FILE EXIT_STATUS.

A run that ended badly without saying which test failed (a crash, a sanitizer's report, no file at all) counts as
one failure on top of what the file tells, so that it can never look green.
"""

import sys
import xml.etree.ElementTree as ElementTree


def count(path: str, status: int) -> tuple[int, int]:
    try:
        cases = list(ElementTree.parse(path).getroot().iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, 1
    ran = [case for case in cases if case.find("skipped") is None and case.get("status") != "notrun"]
    bad = sum(1 for case in ran if case.find("failure") is not None or case.find("error") is not None)
    good = len(ran) - bad
    if not ran or (status != 0 and bad == 0):
        bad += 1
    return good, bad


if __name__ == "__main__":
    print(*count(sys.argv[1], int(sys.argv[2])))
