"""Return codes that notice whether anybody looks at them: part of the check mode (CAIRN_CHECK=api)."""

import atexit
import functools
import os
import threading

from . import _acl

IS_ON = _acl.is_observed and not {"api", "all"}.isdisjoint(os.environ.get("CAIRN_CHECK", "").split(","))


class _Newest(threading.local):
    failure = None  # The newest code that is not 0, until somebody looks at it or it is reported.


_newest = _Newest()


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
    failure, _newest.failure = _newest.failure, None
    if failure is not None and not failure.looked_at:
        _acl.code_ignored(failure.function, int(failure), failure.site)


def _keep(code, function):
    if code == 0:
        return code
    _newest.failure = ReturnCode(code, function)
    return _newest.failure


def watch(full_name, function, returns):
    """The same function, with codes that notice looks. `returns`: the names of the returned values."""
    places = {index for index, value in enumerate(returns) if value == "ret"}
    is_tuple = len(returns) > 1
    # No C function is called that the runtime would announce.
    announces = full_name.startswith("acl.util.") or getattr(function, "__cairn_unsupported__", False)
    if full_name == "acl.rt.process_report":
        places = set()  # Threads call it in a loop: that nothing came is no failure.

    @functools.wraps(function, assigned=("__name__", "__doc__"), updated=())
    def watched(*arguments, **keywords):
        if full_name == "acl.get_recent_err_msg":
            _newest.failure = None
        else:
            _report_failure()
        if announces:
            _acl.call_begins(full_name)
        try:
            result = function(*arguments, **keywords)
        finally:
            if announces:
                _acl.call_ended(full_name)
        if not places:
            return result
        if not is_tuple:
            return _keep(result, full_name)
        return tuple(
            _keep(value, full_name) if index in places else value for index, value in enumerate(result)
        )

    if getattr(function, "__cairn_unsupported__", False):
        watched.__cairn_unsupported__ = True
    return watched


if IS_ON:
    atexit.register(_report_failure)
