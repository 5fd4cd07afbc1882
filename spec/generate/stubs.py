"""Writes the type stubs of the package acl from spec/functions.json: stubs.py OUTPUT_FOLDER.

Handles and addresses are int, as everywhere in pyACL. Types come from the C prototype: a parameter is found by its name
(dev_ptr is devPtr), or by its place where both lists are equally long. What cannot be told apart that way is Any.
"""

import re
import sys
from collections import defaultdict
from pathlib import Path

import spec_data

# (function, argument) that programs leave out.
OPTIONAL = {
    ("acl.init", "config_path"),
    ("acl.rt.set_exception_info_callback", "callback"),
}
# What the names of the manual mean where C has only a pointer.
BY_NAME = {
    "args_list": "list[Any]",
    "callback": "Callable[..., None]",
    "config_handle": "int",
    "dev_ptr": "int",
    "data_out": "numpy.ndarray",
    "fn": "Callable[..., None]",
    "op_type": "str",
    "ret": "int",
    "thr_func": "Callable[..., None]",
}
EXACT = {
    "acl.himpi.sys_wait_epoll": {"event": "list[dict[str, Any]]"},
    "acl.mdl.get_input_dynamic_dims": {"dims_out": "list[dict[str, Any]]"},
    "acl.mdl.set_config_opt": {"attrValue": "int | str"},
    "acl.util.numpy_to_ptr": {"data": "numpy.ndarray", "ptr": "int"},
    "acl.util.numpy_contiguous_to_ptr": {"data_in": "numpy.ndarray", "ptr": "int"},
    "acl.util.ptr_to_numpy": {
        "ptr": "int",
        "shape": "tuple[int, ...]",
        "type": "int",
        "output": "numpy.ndarray",
    },
    "acl.util.bytes_to_ptr": {"data": "bytes", "ptr": "int"},
    "acl.util.ptr_to_bytes": {"ptr": "int", "size": "int", "bytes_out": "bytes"},
    "acl.util.start_thread": {"thr_id": "int"},
    "acl.util.stop_thread": {"thr_id": "int"},
}
# C structures that Python sees as dict.
DICTS = re.compile(r"^(aclmdlIODims|aclAippInfo|aclAippDims|aclmdlBatch|aclmdlHW|aclmdlAippInfo|hi_\w+)$")
# Scalars of C; enums and handles are passed as numbers, too.
NUMBERS = re.compile(r"^(u?int(8|16|32|64)?_t|size_t|int|hi_[su](8|16|32|64)|hi_bool|bool|acl\w+|hi_\w+)$")
SCALARS = re.compile(
    r"^(u?int(8|16|32|64)?_t|size_t|hi_[su](8|16|32|64)|hi_bool|hi_\w+_chn|hi_mod_id|acl\w+(Type|Mode|Status|Format))$"
)
FLOATS = {"float", "double", "hi_double", "hi_float"}


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def c_parameters(prototype: str) -> list[tuple[str, str]]:
    """`aclError f(void *devPtr, size_t size)` -> [("dev_ptr", "void *"), ("size", "size_t")]"""
    inside = prototype[prototype.index("(") + 1 : prototype.rindex(")")]
    found = []
    for parameter in inside.split(","):
        match = re.match(r"^(.*?)(\w+)\s*(\[\w*\])?$", parameter.strip(), re.DOTALL)
        if match and match[1].strip():
            found.append((snake(match[2]), match[1].strip() + (" *" if match[3] else "")))
    return found


def result_type(prototype: str) -> str:
    """The type in front of the name: `const char *f()` gives `const char *`."""
    return re.sub(r"\w+\s*$", "", prototype[: prototype.index("(")]).strip()


def python_type(c_type: str, *, returned: bool) -> str:
    base = re.sub(r"\bconst\b|\*", " ", c_type).strip()
    stars = c_type.count("*")
    if base == "char":
        return "str"
    if base in FLOATS and stars <= returned:
        return "float"
    if stars == 0:
        return "int" if NUMBERS.match(base) else "Any"
    if base in ("void", "hi_void"):
        return "int"  # an address
    if SCALARS.match(base):
        return "int" if returned and stars == 1 else "Any"
    if DICTS.match(base):
        return "dict[str, Any]" if stars == 1 else "Any"
    if base.startswith("acl"):
        return "int"  # a handle
    return "Any"


def alike(one: str, other: str) -> bool:
    """start_event and start, config_handle and handle"""
    short, long = sorted((one, other), key=len)
    return long.startswith(f"{short}_") or long.endswith(f"_{short}")


def typed(entry: dict, names: list[str], *, returned: bool) -> list[str]:
    prototype = entry.get("c_prototype") or "()"
    parameters = c_parameters(prototype)
    by_name = dict(parameters)
    same_place = not returned and len(parameters) == len(names)
    own = EXACT.get(entry["python"], {})
    types = []
    for place, name in enumerate(names):
        if name in own or name in BY_NAME:
            types.append(own.get(name) or BY_NAME[name])
        elif name.endswith(("_list", "dims", "_nums")) or name in ("inputs", "outputs"):
            types.append("dict[str, Any]" if returned and name == "dims" else "list[Any]")
        elif snake(name) in by_name:
            types.append(python_type(by_name[snake(name)], returned=returned))
        elif len(similar := [kind for c_name, kind in parameters if alike(c_name, snake(name))]) == 1:
            types.append(python_type(similar[0], returned=returned))
        elif same_place:
            types.append(python_type(parameters[place][1], returned=False))
        elif returned and len(names) == 1:
            types.append(python_type(result_type(prototype), returned=False))
        else:
            types.append("Any")
    return types


def stub(entry: dict) -> str:
    name = entry["python"].rsplit(".", 1)[1]
    arguments = []
    for argument, kind in zip(entry["args"], typed(entry, entry["args"], returned=False), strict=True):
        if any(taken.startswith(f"{argument}:") for taken in arguments):
            argument += "_2"  # The manual has names twice.
        optional = (entry["python"], argument) in OPTIONAL
        arguments.append(f"{argument}: {kind}{' = ...' if optional else ''}")
    results = typed(entry, entry["returns"], returned=True)
    result = {0: "None", 1: results[0] if results else ""}.get(len(results), f"tuple[{', '.join(results)}]")
    lines = [f"def {name}({', '.join(arguments)}) -> {result}:"]
    returns = ", ".join(entry["returns"]) or "nothing"
    doc = [f"Returns {returns}. Section {entry['section']} of the manual."]
    if entry.get("c_prototype"):
        doc += ["", f"C: `{' '.join(entry['c_prototype'].split())}`"]
    lines += [
        '    """' + doc[0],
        *(f"    {line}".rstrip() for line in doc[1:]),
        '    """' if len(doc) > 1 else "",
    ]
    if len(doc) == 1:
        lines = [lines[0], f'    """{doc[0]}"""']
    text = "\n".join(lines) + "\n"
    return text + "".join(f"\n{alias.rsplit('.', 1)[1]} = {name}\n" for alias in entry.get("aliases", []))


def module_text(module: str, entries: list[dict], submodules: list[str]) -> str:
    body = "\n".join(stub(entry) for entry in entries)
    lines = [f'"""Types of {module}, made from spec/functions.json."""', ""]
    for word, statement in (
        ("Callable[", "from collections.abc import Callable"),
        ("Any", "from typing import Any"),
    ):
        if re.search(rf"\b{re.escape(word)}", body):
            lines.append(statement)
    if "numpy." in body:
        lines.append("import numpy")
    lines += [f"from . import {name} as {name}" for name in submodules]
    return "\n".join(lines) + "\n\n" + body


def main() -> None:
    output = Path(sys.argv[1])
    output.mkdir(parents=True, exist_ok=True)
    modules = defaultdict(list)
    for entry in spec_data.functions():
        modules[spec_data.module(entry["python"])].append(entry)
    for module, entries in modules.items():
        submodules = sorted(m.removeprefix("acl.") for m in modules if m != "acl") if module == "acl" else []
        name = "__init__" if module == "acl" else module.removeprefix("acl.")
        (output / f"{name}.pyi").write_text(module_text(module, entries, submodules), encoding="utf-8")
    (output / "py.typed").touch()


if __name__ == "__main__":
    main()
