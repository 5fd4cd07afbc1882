"""Fills the modules of the package: native functions, and stand-ins for those that Cairn does not support yet."""

from . import _acl, _return_codes
from ._functions import FUNCTIONS

ACL_ERROR_FEATURE_UNSUPPORTED = 200006


def _stand_in(module, name, returns):
    values = tuple(ACL_ERROR_FEATURE_UNSUPPORTED if value == "ret" else 0 for value in returns)
    result = None if not values else values[0] if len(values) == 1 else values

    def function(*_arguments, **_keywords):
        _acl.record_unsupported(f"{module}.{name}")
        return result

    function.__name__ = function.__qualname__ = name
    function.__doc__ = "Not supported by Cairn yet: returns ACL_ERROR_FEATURE_UNSUPPORTED (200006)."
    function.__cairn_unsupported__ = True
    return function


def fill(namespace, module, *sources):
    """Puts every documented function of `module` into `namespace`: the first of `sources` that has it, or a stand-in."""
    for name, returns in FUNCTIONS[module].items():
        for source in sources:
            function = getattr(source, name, None)
            if function is not None:
                break
        else:
            function = _stand_in(module, name, returns)
        namespace[name] = watched(module, name, function)


def watched(module, name, function):
    """The function itself; in check mode one that sees whether the program looks at its return code."""
    if not _return_codes.IS_ON:
        return function
    return _return_codes.watch(f"{module}.{name}", function, FUNCTIONS[module][name])
