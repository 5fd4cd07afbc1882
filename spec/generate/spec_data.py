"""The specification as Python objects, for the generators and the conformance suite."""

import json
from functools import cache
from pathlib import Path

SPEC = Path(__file__).resolve().parent.parent


@cache
def functions() -> list[dict]:
    """The documented functions of the module acl, in the order of the manual."""
    return json.loads((SPEC / "functions.json").read_text(encoding="utf-8"))


@cache
def c_functions() -> list[dict]:
    """The functions of the public C headers, header by header."""
    return json.loads((SPEC / "c-api.json").read_text(encoding="utf-8"))["functions"]


@cache
def rules() -> dict[str, dict]:
    """Rule id -> rule, in the order of the files."""
    found: dict[str, dict] = {}
    for path in sorted(SPEC.glob("rules-*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            rule = json.loads(line)
            if rule["id"] in found:
                raise ValueError(f"{path.name}: {rule['id']} is there twice")
            found[rule["id"]] = rule
    return found


@cache
def waivers() -> dict[str, str]:
    """Rule id -> why no test on this machine can show that it is kept."""
    found = json.loads((SPEC / "waivers.json").read_text(encoding="utf-8"))
    unknown = sorted(set(found) - set(rules()))
    if unknown:
        raise ValueError(f"waivers.json names rules that do not exist: {', '.join(unknown)}")
    return found


def prefix(rule_id: str) -> str:
    """RT-171 -> RT"""
    return rule_id.rsplit("-", 1)[0]


def module(python_name: str) -> str:
    """acl.rt.malloc -> acl.rt"""
    return python_name.rsplit(".", 1)[0]
