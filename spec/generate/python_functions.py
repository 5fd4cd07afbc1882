#!/usr/bin/env python3
"""Writes the table of all documented Python functions that the package acl reads when it is imported.

Usage: python_functions.py OUTPUT.py
"""

import json
import sys
from pathlib import Path

SPEC = Path(__file__).resolve().parent.parent


def main():
    modules = {}
    for function in json.loads((SPEC / "functions.json").read_text()):
        for full_name in [function["python"], *function.get("aliases", [])]:
            module, name = full_name.rsplit(".", 1)
            modules.setdefault(module, {})[name] = tuple(function["returns"])
    lines = [
        '"""All documented functions: module -> name -> names of the returned values. Generated; do not edit."""\n\n'
    ]
    lines.append("FUNCTIONS = {\n")
    for module, functions in sorted(modules.items()):
        lines.append(f'    "{module}": {{\n')
        lines += [f'        "{name}": {returns!r},\n' for name, returns in sorted(functions.items())]
        lines.append("    },\n")
    lines.append("}\n")
    Path(sys.argv[1]).write_text("".join(lines))


if __name__ == "__main__":
    main()
