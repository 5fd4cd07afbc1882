"""Which functions a chip does not have, as the manual says at each of them, and what they answer there.

A test of what such a function does names it, and does not apply to the chips that lack it:

    @pytest.mark.needs("acl.rt.memcpy2d")

That it says so by its code, test_rt_310b.py shows for every entry.
"""

from dataclasses import dataclass

from constants import FEATURE_UNSUPPORTED, RT_FEATURE_NOT_SUPPORT


@dataclass(frozen=True)
class Lack:
    rule: str  # The support rule of the function.
    code: int


# The first letters of a chip's name -> function -> what holds. The manual names no product but the 310B at these functions.
LACKS = {
    "Ascend310B": {
        "acl.rt.set_device_sat_mode": Lack("RT-006", RT_FEATURE_NOT_SUPPORT),
        "acl.rt.get_device_sat_mode": Lack("RT-006", RT_FEATURE_NOT_SUPPORT),
        "acl.rt.set_stream_overflow_switch": Lack("RT-061", RT_FEATURE_NOT_SUPPORT),
        "acl.rt.get_stream_overflow_switch": Lack("RT-061", RT_FEATURE_NOT_SUPPORT),
        "acl.rt.memcpy2d": Lack("RT-184", RT_FEATURE_NOT_SUPPORT),
        "acl.rt.memcpy2d_async": Lack("RT-184", RT_FEATURE_NOT_SUPPORT),
        "acl.trans_tensor_desc_format": Lack("COM-054", FEATURE_UNSUPPORTED),
        "acl.mdl.set_dataset_tensor_desc": Lack("MDL-066", FEATURE_UNSUPPORTED),
    },
}
ALL = {function for lacks in LACKS.values() for function in lacks}


def lacks_of(chip: str) -> dict[str, Lack]:
    """Of the chip with this name, as acl.get_soc_name gives it."""
    return next((lacks for start, lacks in LACKS.items() if chip.startswith(start)), {})
