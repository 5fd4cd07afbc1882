"""Writes the table of C functions that api_fuzzer calls: api_calls.py OUTPUT.

Every function of the headers that spec/c-api.json lists, but those that the harness calls by hand (they make and end
what it keeps count of, or wait), and those whose arguments no library can check: format strings, and arrays whose length
stands elsewhere. A list that follows its length is as long as that says.
"""

import json
import re
import sys
from pathlib import Path

SPEC = Path(__file__).resolve().parents[2] / "spec" / "c-api.json"
HEADERS = (
    "acl/acl_base.h",
    "acl/acl_rt.h",
    "acl/acl_mdl.h",
    "acl/acl_op.h",
    "acl/acl_op_compiler.h",
    "acl/acl.h",
    "acl/ops/acl_cblas.h",
    "acl/ops/acl_dvpp.h",
)

BY_HAND = {
    # Once in a process.
    "aclInit",
    "aclFinalize",
    "aclmdlInitDump",
    "aclmdlFinalizeDump",
    # Make or end what the harness keeps count of.
    "aclrtSetDevice",
    "aclrtResetDevice",
    "aclrtResetDeviceForce",
    "aclrtCreateContext",
    "aclrtDestroyContext",
    "aclrtCreateStream",
    "aclrtCreateStreamV2",
    "aclrtCreateStreamWithConfig",
    "aclrtDestroyStreamForce",
    "aclrtCreateEvent",
    "aclrtCreateEventWithFlag",
    "aclrtCreateEventExWithFlag",
    "aclrtDestroyEvent",
    "aclrtMalloc",
    "aclrtMallocAlign32",
    "aclrtMallocCached",
    "aclrtMallocWithCfg",
    "aclrtMallocHost",
    "aclrtMallocHostWithCfg",
    "aclrtFree",
    "aclrtFreeHost",
    "acldvppMalloc",
    "acldvppFree",
    "aclCreateDataBuffer",
    "aclDestroyDataBuffer",
    "aclCreateTensorDesc",
    "aclDestroyTensorDesc",
    # Wait, perhaps for ever.
    "aclrtDestroyStream",
    "aclrtSynchronizeStream",
    "aclrtSynchronizeStreamWithTimeout",
    "aclrtSynchronizeDevice",
    "aclrtSynchronizeDeviceWithTimeout",
    "aclrtSynchronizeEvent",
    "aclrtSynchronizeEventWithTimeout",
    "aclrtProcessReport",
    "aclrtSetOpWaitTimeout",
    "aclrtSetOpExecuteTimeOut",
    # Set process-wide callbacks that have to be taken back.
    "aclrtSetExceptionInfoCallback",
    # Writes files.
    "aclGenGraphAndDumpForOp",
}
# Arguments that the C library cannot check: see the comment at the top.
UNCHECKABLE = ("[", "**", "...", "*const *")
LENGTH = re.compile(r"num(Inputs|Outputs|Values)")
LIST = re.compile(r"((?:const )?\w+ \*)(?:const )?\*")


def expression(function: dict) -> str | None:
    types = [parameter["type"] for parameter in function["params"]]
    names = [parameter["name"] for parameter in function["params"]]
    arguments = []
    before = after = ""
    length = None
    for name, kind in zip(names, types, strict=True):
        if kind == "int" and LENGTH.fullmatch(name):
            length = name
            before += f"const int {name} = m.length(); "
            arguments.append(name)
            continue
        listed = LIST.fullmatch(kind)
        if listed and listed[1] == "aclopHandle *":  # A place for a new one.
            before += "aclopHandle* handle = nullptr; "
            after = " m.made(handle);"
            arguments.append("&handle")
            continue
        if listed and length is not None:
            before += f"auto {name} = m.list<{listed[1]}>({length}); "
            arguments.append(f"{name}.data()")
            continue
        if any(mark in kind or mark in name for mark in UNCHECKABLE):
            return None
        # These three are all void * in C.
        pool = {"aclrtStream": "stream", "aclrtEvent": "event", "aclrtContext": "context"}.get(kind)
        arguments.append(f"m.{pool}()" if pool else f"m.argument<{kind}>()")
    call = f"{function['name']}({', '.join(arguments)})"
    ret = function["ret"].strip()
    if before:
        return f"{before}(void){call};{after}"
    if "Destroy" in function["name"] and len(types) == 1 and ret == "aclError":
        return f"const auto handle = m.argument<{types[0]}>(); m.ended(handle, {function['name']}(handle));"
    if (
        ("Create" in function["name"] or "Get" not in function["name"])
        and ret.endswith("*")
        and "char" not in ret
    ):
        return f"m.made({call});"
    return f"(void){call};" if ret != "void" else f"{call};"


def main() -> None:
    functions = json.loads(SPEC.read_text(encoding="utf-8"))["functions"]
    lines = ["// Made by tests/fuzz/api_calls.py from spec/c-api.json."]
    for function in functions:
        if function["header"] not in HEADERS or function["name"] in BY_HAND:
            continue
        if "..." in function["prototype"]:
            continue
        body = expression(function)
        if body is not None:
            lines.append(f"[](Machine& m) {{ (void)m; {body} }},")
    Path(sys.argv[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
