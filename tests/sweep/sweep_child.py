"""Runs the cases of one module from a number on: sweep_child.py MODULE FIRST.

Before and after each call a line of JSON goes to stdout, so that the parent knows the case when this process dies.
"""

import importlib
import json
import re
import sys

from argument_table import Verdict, verdict
from swept_values import VALUES, Odd, cases, functions

import spec_data  # isort: skip  (swept_values sets the path)

RULE = re.compile(r"\[([A-Z0-9]+-[0-9]+)\] .")


def ret_of(function: dict, result: object) -> int | None:
    """The return code in a result, None for functions that return a value only."""
    names = function["returns"]
    if "ret" not in names or function["python"] == "acl.rt.get_error_code_from_exception_info":
        return None
    return result[names.index("ret")] if len(names) > 1 else result


def problem_of(
    function: dict, argument: str, value: object, result: object, raised: BaseException | None
) -> str:
    """What is wrong with the outcome of one call; empty if nothing is."""
    import acl

    wanted = verdict(function["python"], argument, value)
    text = acl.get_recent_err_msg()
    if raised is not None:
        if not isinstance(raised, TypeError):
            return f"raised {type(raised).__name__}: {raised}"
        return "raised TypeError for a legal value" if wanted is Verdict.LEGAL else ""
    called = getattr(
        importlib.import_module(function["python"].rsplit(".", 1)[0]), function["python"].rsplit(".", 1)[1]
    )
    if getattr(called, "__cairn_unsupported__", False):
        wanted = Verdict.EITHER
    ret = ret_of(function, result)
    failed = ret != 0 if ret is not None else text is not None
    if ret is not None and not isinstance(ret, int):
        return f"ret is {ret!r}"
    if failed and wanted is Verdict.LEGAL:
        return f"refuses a legal value: {result!r}, {text}"
    if not failed and wanted is Verdict.ILLEGAL:
        return f"accepts an illegal value: returned {result!r}"
    if failed:
        rule = RULE.match(text or "")
        if rule is None:
            return f"failed with {result!r} and without a text that begins with a rule: {text!r}"
        if rule[1] not in spec_data.rules():
            return f"the text names {rule[1]}, which is no rule: {text!r}"
    if ret == 0 and text is not None:
        return f"succeeded, but left an error text: {text!r}"
    return ""


def call(surroundings, function: dict, argument: str, name: str) -> str:
    """Calls the function with one odd argument among valid ones, where its kernel description is valid."""
    if "kernel_desc" in function["args"]:
        return surroundings.in_selector(lambda: call_here(surroundings, function, argument, name))
    return call_here(surroundings, function, argument, name)


def call_here(surroundings, function: dict, argument: str, name: str) -> str:
    from surroundings import kind_of

    module, short = function["python"].rsplit(".", 1)
    called = getattr(importlib.import_module(module), short)
    value = VALUES[name]
    judged = value
    kind = kind_of(function["python"], argument)
    if not surroundings.is_handle(kind) and value in (Odd.stale, Odd.forged, Odd.foreign):
        return ""  # Numbers, functions and lists know no such thing.
    given = {
        other: surroundings.value(kind_of(function["python"], other), Odd.valid)
        for other in function["args"]
        if other != argument
    }
    # The odd value comes last, so that nothing new takes the place of what was released.
    given[argument] = surroundings.value(kind, value) if isinstance(value, Odd) else value
    if isinstance(value, Odd) and not surroundings.is_handle(kind):
        is_plain = value is Odd.valid and not kind.startswith(("number", "size"))
        judged = value if is_plain else given[argument]
    arguments = [given[other] for other in function["args"]]
    import acl

    acl.get_recent_err_msg()
    result, raised = None, None
    try:
        result = called(*arguments)
    except Exception as problem:
        raised = problem
    is_queued = short.endswith("_async") or (module in ("acl.op", "acl.blas") and "stream" in given)
    if raised is None and is_queued and ret_of(function, result) == 0:
        # Issued; what is wrong with it shows when the stream has run it.
        result = acl.rt.synchronize_stream(given["stream"])
        function = {**function, "returns": ["ret"]}
    return problem_of(function, argument, judged, result, raised)


def main() -> None:
    module, first = sys.argv[1], int(sys.argv[2])
    by_name = {function["python"]: function for function in functions()}
    report = sys.stdout
    sys.stdout = sys.stderr
    import acl

    assert acl.init() == 0
    from surroundings import Surroundings

    surroundings = Surroundings()
    for number, (name, argument, value) in enumerate(cases(module)):
        if number < first or name == "acl.init":
            continue
        print(json.dumps(["start", number]), file=report, flush=True)
        problem = call(surroundings, by_name[name], argument, value)
        surroundings.clear()
        print(json.dumps(["done", number, problem]), file=report, flush=True)
    print(json.dumps(["end"]), file=report, flush=True)


if __name__ == "__main__":
    main()
