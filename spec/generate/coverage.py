"""How much of the specification is there: writes docs/conformance.md and docs/compatibility.md, or prints the numbers.

    coverage.py --results build/release/conformance.json           write the two pages
    coverage.py --results build/release/conformance.json --json    print the numbers only
    coverage.py --results build/release/conformance.json --check   fail if the committed pages differ

A function is present when the module `acl` has it and neither it nor the C function behind it is the stand-in that answers
"not supported". A rule is tested
when a conformance test names it and all tests that name it passed.
"""

import argparse
import importlib
import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from functools import cache
from pathlib import Path

import spec_data

DOCS = spec_data.SPEC.parent / "docs"


@cache
def c_stand_ins() -> frozenset[str]:
    """C functions that the built libraries have only as weak stand-ins. Without a build tree there are none to tell."""
    libraries = Path(os.environ.get("CAIRN_BUILD_DIR", "/nonexistent")).glob("lib64/*.so")
    kinds: dict[str, set[str]] = defaultdict(set)
    for library in libraries:
        listing = subprocess.run(
            ["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True
        )
        for line in listing.stdout.splitlines():
            _, kind, name = line.split(maxsplit=2)
            kinds[name].add(kind)
    return frozenset(name for name, kind in kinds.items() if kind == {"W"})


def is_present(python_name: str) -> bool:
    module_name, name = python_name.rsplit(".", 1)
    try:
        found = getattr(importlib.import_module(module_name), name, None)
    except ImportError:
        return False
    return callable(found) and not getattr(found, "__cairn_unsupported__", False)


def c_stand_ins_by_header() -> dict[str, list[str]]:
    """Header -> its functions that are stand-ins, in the header's order; headers without one are left out."""
    headers: dict[str, list[str]] = defaultdict(list)
    for entry in spec_data.c_functions():
        if entry["name"] in c_stand_ins():
            headers[entry["header"]].append(entry["name"])
    return dict(headers)


def present_functions() -> set[str]:
    return {
        entry["python"]
        for entry in spec_data.functions()
        if is_present(entry["python"]) and entry.get("c") not in c_stand_ins()
    }


def tests_of_rules(results: dict[str, dict]) -> dict[str, list[str]]:
    """Rule -> its tests, for the rules of which no test failed."""
    tests: dict[str, list[str]] = defaultdict(list)
    broken = set()
    for test, record in results.items():
        for rule in record["rules"]:
            tests[rule].append(test)
            if record["outcome"] != "passed":
                broken.add(rule)
    return {rule: names for rule, names in tests.items() if rule not in broken}


def numbers(present: set[str], tested: dict[str, list[str]]) -> dict:
    modules: dict[str, dict] = {}
    for entry in spec_data.functions():
        row = modules.setdefault(spec_data.module(entry["python"]), {"present": 0, "total": 0})
        row["total"] += 1
        row["present"] += entry["python"] in present
    prefixes: dict[str, dict] = {}
    for rule in spec_data.rules():
        row = prefixes.setdefault(spec_data.prefix(rule), {"tested": 0, "waived": 0, "total": 0})
        row["total"] += 1
        row["tested"] += rule in tested
        row["waived"] += rule in spec_data.waivers()
    return {"functions": modules, "rules": prefixes}


def table(header: list[str], rows: list[list]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return lines + ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]


def short(tests: list[str]) -> str:
    """`test_stream.py::test_order[1]` and its other cases as one name with the number of cases."""
    counted = Counter(test.removeprefix("tests/conformance/").split("[")[0] for test in tests)
    return ", ".join(
        f"`{name}`" + (f" ({count} cases)" if count > 1 else "") for name, count in counted.items()
    )


def one_line(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def conformance_page(counts: dict, tested: dict[str, list[str]]) -> str:
    total = Counter()
    for row in counts["rules"].values():
        total.update(row)
    lines = [
        "# Conformance",
        "",
        "Made by `./dev coverage` from the results of `tests/conformance`; do not edit. A rule is tested when a test names it and",
        "all tests that name it passed; it is waived, with the reason in `spec/waivers.json`, when no test without the card can show it.",
        "",
        f"Of {total['total']} rules {total['tested']} are tested and {total['waived']} waived.",
        "",
    ]
    rows = [
        [name, row["total"], row["tested"], row["waived"], row["total"] - row["tested"] - row["waived"]]
        for name, row in counts["rules"].items()
    ]
    lines += table(["rules", "total", "tested", "waived", "untested"], rows)
    lines += ["", "## Tested", ""]
    lines += table(
        ["rule", "tests"], [[rule, short(tested[rule])] for rule in spec_data.rules() if rule in tested]
    )
    lines += ["", "## Waived", ""]
    lines += table(["rule", "reason"], [[rule, one_line(why)] for rule, why in spec_data.waivers().items()])
    lines += ["", "## Untested", ""]
    untested = defaultdict(list)
    for rule in spec_data.rules():
        if rule not in tested and rule not in spec_data.waivers():
            untested[spec_data.prefix(rule)].append(rule.rsplit("-", 1)[1])
    lines += [f"- **{name}** {' '.join(ids)}" for name, ids in untested.items()]
    return "\n".join(lines) + "\n"


def compatibility_page(counts: dict, present: set[str]) -> str:
    total = Counter()
    for row in counts["functions"].values():
        total.update(row)
    lines = [
        "# Compatibility",
        "",
        "Made by `./dev coverage` from `spec/functions.json` and the built module; do not edit. A function that is not",
        "supported yet exists, too: it answers `ACL_ERROR_FEATURE_UNSUPPORTED` (200006) and says so in `acl.get_recent_err_msg()`.",
        "",
        f"{total['present']} of {total['total']} documented functions work.",
        "",
    ]
    lines += table(
        ["module", "work", "documented"],
        [[f"`{name}`", row["present"], row["total"]] for name, row in counts["functions"].items()],
    )
    by_module = defaultdict(list)
    for entry in spec_data.functions():
        by_module[spec_data.module(entry["python"])].append(entry)
    for name, entries in by_module.items():
        lines += ["", f"## {name}", ""]
        rows = [
            [
                f"`{entry['python']}`" + "".join(f", `{alias}`" for alias in entry.get("aliases", [])),
                f"`{entry['c']}`" if entry.get("c") else "",
                entry["section"],
                "yes" if entry["python"] in present else "not yet",
            ]
            for entry in entries
        ]
        lines += table(["Python", "C", "manual", "works"], rows)
    lines += ["", "## C functions that are not supported yet", ""]
    lines += [
        "Those of the headers that the libraries have as stand-ins only, with and without a Python twin.",
        "",
    ]
    for header, functions in c_stand_ins_by_header().items():
        lines += [f"- `{header}`: " + ", ".join(f"`{name}`" for name in functions)]
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--results", type=Path, required=True, help="what the conformance run wrote")
    parser.add_argument("--json", action="store_true", help="print the numbers, write nothing")
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed pages, write nothing"
    )
    options = parser.parse_args()

    present = present_functions()
    tested = tests_of_rules(json.loads(options.results.read_text(encoding="utf-8")))
    counts = numbers(present, tested)
    if options.json:
        print(json.dumps(counts))
        return 0
    pages = {
        DOCS / "conformance.md": conformance_page(counts, tested),
        DOCS / "compatibility.md": compatibility_page(counts, present),
    }
    stale = [
        path for path, text in pages.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    if options.check:
        for path in stale:
            print(f"{path.relative_to(DOCS.parent)} is out of date: run ./dev coverage", file=sys.stderr)
        return 1 if stale else 0
    for path in stale:
        path.write_text(pages[path], encoding="utf-8")
        print(f"wrote {path.relative_to(DOCS.parent)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
