#!/usr/bin/env python3
"""Writes the public C headers (acl/acl.h and its companions) from spec/c-api.json.

Usage: headers.py OUTPUT_DIRECTORY

The names, values and file layout are those of AscendCL, so that programs compile unchanged. The media V2 headers
(acl/dvpp/hi_*.h) are not among them yet.
"""

import json
import re
import sys
from pathlib import Path

SPEC = Path(__file__).resolve().parent.parent

# Which header includes which: programs rely on it.
INCLUDES = {
    "acl/acl_base.h": [
        "<stdint.h>",
        "<stddef.h>",
        '"error_codes/rt_error_codes.h"',
        '"error_codes/ge_error_codes.h"',
    ],
    "acl/acl_rt.h": ["<stdint.h>", "<stddef.h>", '"acl_base.h"'],
    "acl/acl_rt_allocator.h": ["<stdint.h>", "<stddef.h>", '"acl_base.h"', '"acl_rt.h"'],
    "acl/acl_op.h": ['"acl_base.h"', '"acl_rt.h"'],
    "acl/acl_mdl.h": ["<stddef.h>", "<stdint.h>", '"acl_base.h"', '"acl_rt.h"'],
    "acl/acl.h": ['"acl_rt.h"', '"acl_op.h"', '"acl_mdl.h"'],
    "acl/acl_op_compiler.h": ['"acl_base.h"', '"acl_op.h"'],
    "acl/acl_prof.h": ['"acl_base.h"', '"acl_mdl.h"', '"acl_rt.h"'],
    "acl/acl_dump.h": ["<stdint.h>", '"acl_base.h"'],
    "acl/acl_tdt.h": ['"acl_base.h"'],
    "acl/acl_tdt_queue.h": ['"acl_base.h"', '"acl_tdt.h"'],
    "acl/ops/acl_dvpp.h": ["<stdint.h>", "<stddef.h>", '"acl/acl.h"', '"acl/acl_base.h"'],
    "acl/ops/acl_cblas.h": ['"acl/acl.h"'],
    "acl/ops/acl_fv.h": ['"acl/acl.h"'],
    "acl/error_codes/rt_error_codes.h": ["<stdint.h>"],
    "acl/error_codes/ge_error_codes.h": ["<stdint.h>"],
}

BANNER = """\
// AscendCL as implemented by Cairn. Generated from spec/c-api.json; do not edit.
#ifndef {guard}
#define {guard}

"""
APP_LOG = "#define ACL_APP_LOG(level, fmt, ...) \\\n  aclAppLog(level, __FUNCTION__, __FILE__, __LINE__, fmt, ##__VA_ARGS__)\n"


def declare(type_name, name):
    """C declaration of `name` with a type such as 'void *', 'char[128]' or 'void (*)(void *)'."""
    type_name = type_name.replace("(*const)", "(*)")
    if "(*)" in type_name:
        return type_name.replace("(*)", f"(*{name})", 1)
    if type_name.endswith("[0]"):  # The last member of a variable-length struct.
        return f"__extension__ {type_name[:-3]} {name}[]"
    array = re.match(r"^(.*?)((?:\[\w+\])+)$", type_name)
    if array:
        return f"{array[1].strip()} {name}{array[2]}"
    return f"{type_name}{'' if type_name.endswith('*') else ' '}{name}"


def macros(items):
    lines = []
    for item in items:
        if item["kind"] == "int":
            lines.append(f"#define {item['name']} {item['value']}")
        elif item["kind"] == "string":
            lines.append(f'#define {item["name"]} "{item["value"]}"')
        elif item["name"] == "ACL_DEPRECATED":
            lines.append("#define ACL_DEPRECATED __attribute__((deprecated))")
        elif item["name"] == "ACL_DEPRECATED_MESSAGE":
            lines.append("#define ACL_DEPRECATED_MESSAGE(message) __attribute__((deprecated(message)))")
    return lines


def enum_text(item):
    body = ",\n".join(f"  {v['name']} = {v['value']}" for v in item["values"])
    return f"typedef enum {item['name']} {{\n{body}\n}} {item['name']};\n"


def typedef_text(item):
    return f"typedef {declare(item['type'], item['name'])};\n"


def prototype(function):
    parameters = [declare(p["type"], p["name"]) for p in function["params"]] or ["void"]
    if function["prototype"].rstrip(")").endswith("..."):
        parameters = [p for p in parameters if "..." not in p] + ["..."]
    return f"{declare(function['ret'], function['name'])}({', '.join(parameters)})"


def struct_text(item):
    body = "\n".join(f"  {declare(f['type'], f['name'])};" for f in item["fields"])
    return f"typedef {item['kind']} {item['name']} {{\n{body}\n}} {item['name']};\n"


def in_dependency_order(items):
    """Types of one header, each after the types of the same header that it names."""
    names = {item["name"]: item for item, _ in items}
    texts = {item["name"]: text for item, text in items}
    done, order = set(), []

    def visit(name):
        if name in done:
            return
        done.add(name)
        item = names[name]
        used = item.get("type", "") + " ".join(f["type"] for f in item.get("fields", []))
        for word in re.findall(r"\w+", used):
            if word in names and word != name:
                visit(word)
        order.append(texts[name])

    for item, _ in items:
        visit(item["name"])
    return order


def header_text(header, api):
    def mine(kind):
        return [item for item in api[kind] if item["header"] == header]

    guard = "CAIRN_" + re.sub(r"\W", "_", header).upper()
    out = [BANNER.format(guard=guard)]
    out += [f"#include {name}\n" for name in INCLUDES[header]]
    out.append('\n#ifdef __cplusplus\nextern "C" {\n#endif\n#pragma GCC visibility push(default)\n\n')
    out += [line + "\n" for line in macros(mine("macros"))]
    out += [f"static {c['type']} {c['name']} = {c['value']};\n" for c in mine("constants")]
    types = [(item, enum_text(item)) for item in mine("enums")]
    types += [(item, typedef_text(item)) for item in mine("typedefs")]
    types += [(item, struct_text(item)) for item in mine("structs")]
    out += ["\n" + text for text in in_dependency_order(types)]
    out.append("\n")
    for function in mine("functions"):
        python = ", ".join(function.get("py", []))
        if python:
            out.append(f"/// Python: {python}\n")
        out.append(prototype(function) + ";\n")
    if header == "acl/acl_base.h":
        out.append("\n" + APP_LOG)
    out.append("\n#pragma GCC visibility pop\n#ifdef __cplusplus\n}\n#endif\n\n#endif\n")
    return "".join(out)


def main():
    target = Path(sys.argv[1])
    api = json.loads((SPEC / "c-api.json").read_text())
    for header in INCLUDES:
        path = target / header
        path.parent.mkdir(parents=True, exist_ok=True)
        text = header_text(header, api)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)


if __name__ == "__main__":
    main()
