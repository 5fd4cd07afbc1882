"""Return codes that notice whether anybody looks at them: part of the check mode (CAIRN_CHECK=api)."""

import atexit
import functools
import os
import threading

from . import _acl

IS_ON = _acl.is_observed and not {"api", "all"}.isdisjoint(os.environ.get("CAIRN_CHECK", "").split(","))


# The newest code of each thread that is not 0, until somebody looks at it or it is reported.
_failures = {}


class ReturnCode(int):
    """The code of a failed call. Comparing, converting or printing it counts as a look."""

    def __new__(cls, code, function):
        self = super().__new__(cls, code)
        self.function = function
        self.site = _acl.call_site()
        self.looked_at = False
        return self

    def __reduce__(self):
        return int, (int(self),)


def _notice(name):
    plain = getattr(int, name)

    def method(self, *arguments):
        self.looked_at = True
        return plain(self, *arguments)

    method.__name__ = name
    return method


for _name in (
    *("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__", "__bool__", "__hash__"),
    *("__int__", "__index__", "__float__", "__repr__", "__str__", "__format__"),
    *("__add__", "__radd__", "__sub__", "__rsub__", "__and__", "__rand__", "__or__", "__ror__", "__neg__"),
):
    setattr(ReturnCode, _name, _notice(_name))


def _report_failure():
    failure = _failures.pop(threading.get_ident(), None)
    if failure is not None and not failure.looked_at:
        _acl.code_ignored(failure.function, int(failure), failure.site)


def _keep(code, function):
    failure = _failures[threading.get_ident()] = ReturnCode(code, function)
    return failure


def _announced(full_name, function):
    """For functions without a C function that the runtime would tell the observer of."""

    def announced(*arguments, **keywords):
        _acl.call_begins(full_name)
        try:
            return function(*arguments, **keywords)
        finally:
            _acl.call_ended(full_name)

    return announced


def _keep_last(values, function):
    return *values[:-1], _keep(values[-1], function)


def _look(function):
    def watched(*arguments, **keywords):
        _failures.pop(threading.get_ident(), None)
        return function(*arguments, **keywords)

    return watched


def watch(full_name, function, returns):
    """The same function, with codes that notice looks. `returns`: the names of the returned values."""
    is_unsupported = getattr(function, "__cairn_unsupported__", False)
    inner = (
        _announced(full_name, function) if is_unsupported or full_name.startswith("acl.util.") else function
    )
    if full_name == "acl.get_recent_err_msg":
        watched = _look(inner)
    else:
        # Threads call process_report in a loop: that nothing came is no failure.
        has_code = full_name != "acl.rt.process_report" and "ret" in returns[-1:]
        keep = None if not has_code else _keep if len(returns) == 1 else _keep_last
        watched = _acl.WatchedFunction(inner, full_name, _failures, _report_failure, keep)
    functools.update_wrapper(watched, function, assigned=("__name__", "__doc__"), updated=())
    if is_unsupported:
        watched.__cairn_unsupported__ = True
    return watched


if IS_ON:
    atexit.register(_report_failure)
