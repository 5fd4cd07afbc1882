"""What the manual says about the values of each argument: legal, illegal, or left to the implementation.

A rule is a function of the value that answers LEGAL, ILLEGAL or EITHER; where the manual names no limit, EITHER. Rules
for one function stand in OF_FUNCTION, the others are found by the argument's name. This table is written from the
manual; what the code happens to do has no place here.
"""

from collections.abc import Callable
from enum import Enum

from swept_values import Odd


class Verdict(Enum):
    LEGAL = "legal"  # the call has to succeed
    ILLEGAL = "illegal"  # it has to fail, with a text that names a rule
    EITHER = "either"  # it may do both; a failure needs its text


LEGAL, ILLEGAL, EITHER = Verdict.LEGAL, Verdict.ILLEGAL, Verdict.EITHER
Rule = Callable[[object], Verdict]


def is_number(value: object) -> bool:
    return isinstance(value, int)


def within(least: int, most: int) -> Rule:
    """A number with documented limits."""
    return lambda value: LEGAL if is_number(value) and least <= value <= most else ILLEGAL


def device_size(value: object) -> Verdict:
    """The sweep's devices have 64 MiB. Addresses are numbers, too, and those of a heap can be small ones."""
    if not is_number(value) or not 0 < value <= 64 << 20:
        return ILLEGAL
    return LEGAL if value <= 1 << 20 else EITHER


def number(*legal: int, beyond: Verdict = EITHER) -> Rule:
    """A number of which the manual promises only some values."""
    return lambda value: ILLEGAL if not is_number(value) else LEGAL if value in legal else beyond


def handle(*, null: Verdict = ILLEGAL, foreign: Verdict = ILLEGAL) -> Rule:
    """A handle. `null`: 0 or None, which for a stream is the default stream; `foreign`: of another device."""

    def rule(value: object) -> Verdict:
        if value is None or (is_number(value) and value == 0):
            return null
        return LEGAL if value is Odd.valid else foreign if value is Odd.foreign else ILLEGAL

    return rule


def device_address(*, foreign: Verdict = EITHER, host: Verdict = ILLEGAL) -> Rule:
    def rule(value: object) -> Verdict:
        if not isinstance(value, Odd):
            return ILLEGAL
        return {Odd.valid: LEGAL, Odd.foreign: foreign, Odd.host: host}.get(value, ILLEGAL)

    return rule


def host_address(value: object) -> Verdict:
    """Host memory; what was freed may still be mapped."""
    if not isinstance(value, Odd):
        return ILLEGAL
    return {Odd.valid: LEGAL, Odd.host: LEGAL, Odd.stale: EITHER, Odd.foreign: EITHER}.get(value, ILLEGAL)


def may_fail(rule: Rule) -> Rule:
    """What is legal by itself may not go with the other arguments."""
    return lambda value: ILLEGAL if rule(value) is ILLEGAL else EITHER


def anything(_: object) -> Verdict:
    return EITHER


def of_type(*types: type) -> Rule:
    """Any value of these types may do; others have to be refused."""
    return lambda value: EITHER if isinstance(value, types) else ILLEGAL


# Objects of the host belong to no device.
OBJECT = handle(foreign=LEGAL)
STREAM = handle(null=LEGAL)
OWN_STREAM = handle()  # Functions that do not take the default stream [GDE-008], [RT-195], [RT-065].
EVENT = handle()
# Waiting for or asking about an event needs no stream, so the manual does not forbid those of other devices.
ASKED_EVENT = handle(foreign=EITHER)
U32 = (1 << 32) - 1
I32 = (1 << 31) - 1

DATA_TYPES = number(0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12)  # 10.14.2
FORMATS = number(0, 1, 2, 3, 4)  # 10.14.3, and more


def timeout_ms(value: object) -> Verdict:
    """-1 for ever, above 0 milliseconds; 0 and below -1 are not documented [RT-097], [RT-110]."""
    if not is_number(value) or value == 0 or value < -1:
        return ILLEGAL
    return LEGAL if value <= I32 else EITHER


def dimensions(value: object) -> Verdict:
    """A list of numbers; which ones is not said."""
    return EITHER if isinstance(value, list | tuple) and all(map(is_number, value)) else ILLEGAL


def ranges(value: object) -> Verdict:
    return EITHER if isinstance(value, list) and all(isinstance(item, list) for item in value) else ILLEGAL


def null_or_address(value: object) -> Verdict:
    """Stored, not read [COM-008]; the null address may also be an empty list [OP-021]."""
    if value is None or value in (0, []) or value is Odd.valid:
        return LEGAL
    return EITHER if is_number(value) or isinstance(value, Odd) else ILLEGAL


BY_NAME: dict[str, Rule] = {
    "stream": STREAM,
    "event": EVENT,
    "context": handle(foreign=LEGAL),
    "desc": OBJECT,
    "srcDesc": OBJECT,
    "data_buffer": OBJECT,
    "date_buffer": OBJECT,
    "dataset": OBJECT,
    "dataset_in": OBJECT,
    "model_desc": OBJECT,
    "modelDesc": OBJECT,
    "config_handle": OBJECT,
    "aipp_parms_set": OBJECT,
    "dvpp_channel_desc": OBJECT,
    "channelDesc": OBJECT,
    "dvpp_pic_desc": OBJECT,
    "input_dvpp_pic_desc": OBJECT,
    "output_dvpp_pic_desc": OBJECT,
    "batch_pic_desc": OBJECT,
    "border_config": OBJECT,
    "roi_config": OBJECT,
    "crop_area": OBJECT,
    "dvpp_resize_config": handle(null=EITHER, foreign=LEGAL),
    "resize_config": handle(null=EITHER, foreign=LEGAL),
    "device_id": within(0, 1),  # The sweep runs with two devices.
    "data_type": DATA_TYPES,
    "format": FORMATS,
    "dstFormat": FORMATS,
    "dims": dimensions,
    "dims_range": ranges,
    "value_range": ranges,
    "name": of_type(str),
    "dynamic_input_name": of_type(str),
    "model_path": lambda value: ILLEGAL,  # None of the swept values is a model.
    "file_name": lambda value: ILLEGAL,
    "model_id": lambda value: ILLEGAL,  # No model is loaded.
    "modelId": lambda value: ILLEGAL,
    "info": lambda value: ILLEGAL,  # No exception callback is running.
}

OF_FUNCTION: dict[tuple[str, str], Rule] = {
    ("acl.init", "config_path"): lambda value: LEGAL if value in (None, "") else ILLEGAL,  # [SYS-003]
    ("acl.rt.set_device_sat_mode", "mode"): within(0, 1),
    ("acl.rt.set_ts_device", "ts_id"): within(0, 2),  # 10.14: AICORE, AIVECTOR, reserved
    ("acl.rt.create_stream_with_config", "priority"): number(0),
    ("acl.rt.create_stream_with_config", "flag"): number(0, 1, 2, 3),  # [RT-046], [RT-047]
    ("acl.rt.destroy_stream", "stream"): OWN_STREAM,
    ("acl.rt.destroy_stream_force", "stream"): OWN_STREAM,
    ("acl.rt.set_stream_failure_mode", "stream"): OWN_STREAM,
    ("acl.rt.set_stream_failure_mode", "mode"): within(0, 1),
    ("acl.rt.set_stream_overflow_switch", "flag"): within(0, 1),
    ("acl.rt.create_event_with_flag", "flag"): number(1, 8, 9),  # [RT-068]
    ("acl.rt.destroy_event", "event"): ASKED_EVENT,
    ("acl.rt.query_event", "event"): ASKED_EVENT,
    ("acl.rt.query_event_status", "event"): ASKED_EVENT,
    ("acl.rt.query_event_wait_status", "event"): ASKED_EVENT,
    ("acl.rt.synchronize_event", "event"): ASKED_EVENT,
    # The sweep's start was recorded after its end.
    ("acl.rt.event_elapsed_time", "start"): lambda value: (
        EITHER if value is Odd.valid else ASKED_EVENT(value)
    ),
    ("acl.rt.event_elapsed_time", "end"): ASKED_EVENT,
    ("acl.rt.synchronize_stream_with_timeout", "timeout"): timeout_ms,
    ("acl.rt.process_report", "timeout"): lambda value: ILLEGAL,  # The thread is not subscribed [RT-109].
    ("acl.rt.subscribe_report", "thread_id"): lambda value: (
        ILLEGAL if value in (0, None) else of_type(int)(value)
    ),
    ("acl.rt.unsubscribe_report", "thread_id"): lambda value: LEGAL if value is Odd.valid else ILLEGAL,
    # The default stream of the sweep is not subscribed.
    ("acl.rt.launch_callback", "stream"): OWN_STREAM,
    ("acl.rt.unsubscribe_report", "stream"): OWN_STREAM,
    ("acl.rt.launch_callback", "fn"): lambda value: LEGAL if value is Odd.valid else ILLEGAL,
    ("acl.rt.launch_callback", "user_data_list"): anything,
    ("acl.rt.launch_callback", "block_type"): within(0, 1),  # [RT-107]
    # A null pointer clears it [RT-116].
    ("acl.rt.set_exception_info_callback", "fn"): lambda value: (
        LEGAL if value in (None, 0) or value is Odd.valid else ILLEGAL
    ),
    ("acl.rt.set_op_wait_timeout", "timeout"): lambda value: (
        ILLEGAL if not is_number(value) else LEGAL if 0 <= value <= U32 else EITHER
    ),
    ("acl.rt.set_op_execute_time_out", "timeout"): of_type(int),
    ("acl.rt.malloc", "size"): device_size,
    # [RT-134] .. [RT-139]; newer C headers have more, as flags.
    ("acl.rt.malloc", "policy"): number(0, 1, 2, 3, 4, 5),
    ("acl.rt.malloc_cached", "size"): device_size,
    ("acl.rt.malloc_cached", "policy"): number(0, 1, 2, 3, 4, 5),
    ("acl.rt.malloc_host", "size"): lambda value: (
        ILLEGAL if not is_number(value) or not 0 < value < 1 << 48 else LEGAL if value <= 1 << 20 else EITHER
    ),
    ("acl.rt.get_mem_info", "attr"): number(*range(10)),  # Newer C headers have more.
    ("acl.rt.free", "dev_ptr"): device_address(),
    ("acl.rt.free_host", "host_ptr"): lambda value: (
        LEGAL if value in (Odd.valid, Odd.foreign, Odd.host) else ILLEGAL
    ),
    ("acl.rt.mem_flush", "dev_ptr"): device_address(),
    ("acl.rt.mem_flush", "size"): lambda value: (
        LEGAL
        if is_number(value) and 0 < value <= 64
        else (ILLEGAL if not is_number(value) or value < 0 or value > 1 << 20 else EITHER)
    ),
    ("acl.rt.memset", "dev_ptr"): device_address(host=LEGAL),  # [RT-170]
    ("acl.rt.memset_async", "dev_ptr"): device_address(host=LEGAL),
    ("acl.rt.memcpy", "dst"): device_address(host=LEGAL),
    ("acl.rt.memcpy", "src"): device_address(host=LEGAL),
    ("acl.rt.memcpy", "kind"): of_type(int),  # It has no effect [RT-175].
    ("acl.rt.memcpy_async", "dst"): device_address(),
    ("acl.rt.memcpy_async", "src"): device_address(),
    # 0 fails when it runs [RT-181]; 1 and 2 do not fit the addresses.
    ("acl.rt.memcpy_async", "kind"): within(3, 3),
    # The addresses of the sweep are both of the device, which no supported kind of matrix copies takes [RT-183].
    ("acl.rt.memcpy2d_async", "stream"): may_fail(STREAM),
    # The descriptions of the sweep have two dimensions of format ND, which few layouts can take [COM-054].
    ("acl.trans_tensor_desc_format", "srcDesc"): may_fail(OBJECT),
    ("acl.trans_tensor_desc_format", "dstFormat"): may_fail(FORMATS),
    ("acl.float16_to_float", "value"): of_type(int),
    ("acl.float_to_float16", "value"): of_type(int, float),
    ("acl.create_data_buffer", "data"): null_or_address,
    ("acl.create_data_buffer", "size"): of_type(int),
    ("acl.update_data_buffer", "data"): null_or_address,
    ("acl.update_data_buffer", "size"): of_type(int),
    ("acl.data_type_size", "data_type"): of_type(int),  # For unknown types not stated [COM-016].
    ("acl.get_tensor_desc_dim", "index"): within(0, 1),  # The descriptions of the sweep have two dimensions.
    ("acl.get_tensor_desc_dim_v2", "index"): within(0, 1),
    ("acl.get_tensor_desc_dim_range", "index"): within(0, 1),
    ("acl.get_tensor_desc_dim_range", "dim_range_num"): number(2),
    ("acl.get_tensor_desc_by_index", "index"): of_type(int),
    ("acl.set_tensor_const", "dataBuffer"): anything,
    ("acl.set_tensor_const", "length"): number(64),
    ("acl.set_tensor_place_ment", "mem_type"): within(0, 2),
    ("acl.app_log", "log_level"): of_type(int),  # Illegal levels log nothing [COM-056].
    ("acl.app_log", "message"): of_type(str),
    ("acl.util.numpy_to_ptr", "data"): lambda value: LEGAL if value is Odd.valid else ILLEGAL,
    ("acl.util.numpy_contiguous_to_ptr", "data_in"): anything,
    ("acl.util.ptr_to_numpy", "ptr"): host_address,
    ("acl.util.ptr_to_numpy", "shape"): anything,
    ("acl.util.ptr_to_numpy", "type"): number(2),
    ("acl.util.bytes_to_ptr", "data"): of_type(bytes),
    ("acl.util.ptr_to_bytes", "ptr"): host_address,
    ("acl.util.ptr_to_bytes", "size"): number(64),
    ("acl.util.start_thread", "thr_func"): lambda value: LEGAL if value is Odd.valid else ILLEGAL,
    ("acl.util.start_thread", "args_list"): anything,
    ("acl.util.stop_thread", "thr_id"): OBJECT,
}
for _function in ("acl.rt.memset", "acl.rt.memset_async"):
    OF_FUNCTION[_function, "max_count"] = lambda value: (
        LEGAL if value == 64 else EITHER if is_number(value) and not 0 <= value < 64 else ILLEGAL
    )
    OF_FUNCTION[_function, "value"] = of_type(int)
for _function in ("acl.rt.memcpy", "acl.rt.memcpy_async"):
    OF_FUNCTION[_function, "dest_max"] = OF_FUNCTION["acl.rt.memset", "max_count"]
for _function in ("acl.rt.memset", "acl.rt.memset_async", "acl.rt.memcpy", "acl.rt.memcpy_async"):
    OF_FUNCTION[_function, "count"] = lambda value: (
        ILLEGAL if not is_number(value) or not 0 <= value <= 64 else EITHER if value == 0 else LEGAL
    )
for _argument in ("dev_ptr", "size"):
    OF_FUNCTION["acl.rt.mem_invalidate", _argument] = OF_FUNCTION["acl.rt.mem_flush", _argument]


def listed_handles(value: object) -> Verdict:
    """A list of handles of a fixed length, of which one is odd."""
    if not isinstance(value, Odd):
        return ILLEGAL
    return LEGAL if value is Odd.valid else EITHER if value is Odd.foreign else ILLEGAL


def only_valid(value: object) -> Verdict:
    """A name or a folder that somebody has made known."""
    return LEGAL if value is Odd.valid else ILLEGAL


def file_bytes(value: object) -> Verdict:
    """The bytes of a file; what was freed may still be mapped."""
    return LEGAL if value is Odd.valid else EITHER if value in (Odd.stale, Odd.foreign) else ILLEGAL


def list_of(*types: type) -> Rule:
    return lambda value: (
        EITHER
        if isinstance(value, list | tuple) and all(isinstance(each, types) for each in value)
        else ILLEGAL
    )


def list_of_bytes(value: object) -> Verdict:
    """[OP-040]"""
    if not isinstance(value, list | tuple) or not all(isinstance(each, int) for each in value):
        return ILLEGAL
    return (LEGAL if value else EITHER) if all(0 <= each <= 255 for each in value) else ILLEGAL


def list_of_lists(value: object) -> Verdict:
    return EITHER if isinstance(value, list | tuple) and all(map(dimensions, value)) else ILLEGAL


def number_of_two(value: object) -> Verdict:
    """Of a list of two; None is as good as not given."""
    return EITHER if value is None else within(2, 2)(value)


OPTIONAL_ATTR = handle(null=EITHER, foreign=LEGAL)  # An operator may have no attributes.
DATA_BUFFER = handle(foreign=EITHER)
OPERATORS = {  # Chapters 10.9 and 10.11; the operator of the sweep has two inputs and one output.
    "set_model_dir": {"model_dir": only_valid},
    "load": {
        "model": file_bytes,
        # Behind the file's end lie bytes of nobody's.
        "model_size": lambda value: EITHER if is_number(value) and value > 255 else ILLEGAL,
    },
    "cast": {
        "src_desc": OBJECT,
        "dst_desc": OBJECT,
        "src_buffer": DATA_BUFFER,
        "dst_buffer": DATA_BUFFER,
        "truncate": number(0, 1),
    },
    "create_handle_for_cast": {"src_desc": OBJECT, "dst_desc": OBJECT, "truncate": number(0, 1)},
    "execute_with_handle": {
        "handle": DATA_BUFFER,
        "inputs": listed_handles,
        "outputs": listed_handles,
    },
    "destroy_attr": {"attr": OBJECT},
    "destroy_handle": {"handle": OBJECT},
    "create_handle": {
        "op_type": only_valid,
        "input_desc": listed_handles,
        "output_desc": listed_handles,
        "op_attr": OPTIONAL_ATTR,
    },
    "infer_shape": {
        "op_type": only_valid,
        "in_desc_list": listed_handles,
        "in_list": listed_handles,
        "num_outputs": within(1, 1),
        "out_desc_list": listed_handles,
        "attr": OPTIONAL_ATTR,
    },
    "register_compile_func": {
        "op_type": of_type(str),
        "func": lambda value: LEGAL if value is Odd.valid else ILLEGAL,
    },
    # The sweep of register_compile_func has registered some.
    "unregister_compile_func": {"op_type": of_type(str)},
    "create_kernel": {
        "op_type": of_type(str),
        "kernel_id": of_type(str),
        "kernel_name": only_valid,
        "bin_data": file_bytes,
        "bin_size": lambda value: EITHER if is_number(value) and value > 255 else ILLEGAL,
        "enginetype": within(0, 2),
        "deallocator": within(0, 1),
    },
    "set_kernel_args": {
        "kernel_desc": OBJECT,
        "kernel_id": only_valid,
        "block_dim": lambda value: (
            ILLEGAL if not is_number(value) or value < 1 else LEGAL if value <= 32 else EITHER
        ),
        "args": host_address,
        "arg_size": lambda value: (
            ILLEGAL if not is_number(value) or value < 0 else LEGAL if value <= 64 else EITHER
        ),
    },
    "set_kernel_workspace_sizes": {
        "kernel_desc": OBJECT,
        "num_workspaces": lambda value: (
            ILLEGAL if not is_number(value) or value < 0 else LEGAL if value <= 8 else EITHER
        ),
        # Other memory holds any numbers.
        "workspace_sizes": lambda value: LEGAL if value is Odd.valid else may_fail(host_address)(value),
    },
    "update_params": {  # For an operator of the program, which may have none.
        "op_type": only_valid,
        "input_desc": lambda value: EITHER if value == [] else listed_handles(value),
        "output_desc": lambda value: EITHER if value == [] else listed_handles(value),
        "attr": OPTIONAL_ATTR,
    },
}
OPERATORS["execute"] = OPERATORS["execute_v2"] = {
    **OPERATORS["create_handle"],
    "inputs": listed_handles,
    "outputs": listed_handles,
    "attr": OPTIONAL_ATTR,
}
ATTRIBUTES = {
    "bool": {"attr_value": number(0, 1)},
    "int": {
        "attr_value": lambda value: (
            ILLEGAL if not is_number(value) else LEGAL if -(1 << 63) <= value < 1 << 63 else EITHER
        )
    },
    "float": {"attr_value": of_type(int, float)},
    "string": {"attr_value": of_type(str)},
    "data_type": {"attr_value": of_type(int)},
    "list_bool": {"attr_value": list_of_bytes},
    "list_int": {"attr_value": list_of(int)},
    "list_float": {"num_values": number_of_two, "attr_value": list_of(int, float)},
    "list_string": {"attr_value": list_of(str)},
    "list_list_int": {"values": list_of_lists},
    "list_data_type": {"num_values": number_of_two, "values": list_of(int)},
}
for _kind, _rules in ATTRIBUTES.items():
    OPERATORS[f"set_attr_{_kind}"] = {"attr": OBJECT, "attr_name": of_type(str), **_rules}
for _function, _rules in OPERATORS.items():
    for _argument, _rule in _rules.items():
        OF_FUNCTION[f"acl.op.{_function}", _argument] = _rule

MATRICES = {  # Chapter 10.10; those of the sweep have two rows and columns of float16.
    "trans_a": lambda value: EITHER if value in (2, 3) else within(0, 1)(value),
    "trans_b": lambda value: EITHER if value in (2, 3) else within(0, 1)(value),
    "trans_c": within(0, 0),  # [BLAS-026]
    **{size: number(1, 2) for size in ("m", "n", "k")},
    **{line: number(2) for line in ("lda", "ldb", "ldc")},
    **{step: number(1) for step in ("incx", "incy")},
    **{
        memory: device_address(host=EITHER)
        for memory in ("alpha", "beta", "a", "x", "y", "matrix_a", "matrix_b", "matrix_c")
    },
    **{f"data_type_{each}": within(1, 1) for each in "abx"},  # [BLAS-017], [BLAS-018], [BLAS-021]
    **{f"data_type_{each}": within(0, 1) for each in "cy"},
    "type": within(0, 0),  # [BLAS-039]
}
BY_NAME.update(MATRICES)


def real_within(least: float, most: float) -> Rule:
    return lambda value: LEGAL if isinstance(value, int | float) and least <= value <= most else ILLEGAL


AIPP_SETTERS = {  # 10.6.2.3; the object of the sweep is for one image
    "set_aipp_input_format": {"input_format": within(1, 4)},
    "set_aipp_csc_params": {
        "csc_switch": within(0, 1),
        **{f"csc_matrix_R{i}C{j}": within(-32677, 32676) for i in range(3) for j in range(3)},
        **{f"csc_{side}_bias_R{i}": within(0, 255) for side in ("output", "input") for i in range(3)},
    },
    "set_aipp_rbuv_swap_switch": {"rbuv_swap_switch": within(0, 1)},
    "set_aipp_ax_swap_switch": {"ax_swap_switch": within(0, 1)},
    "set_aipp_src_image_size": {"src_image_size_w": within(2, 4096), "src_image_size_h": within(1, 4096)},
    "set_aipp_crop_params": {
        "crop_switch": within(0, 1),
        "crop_start_pos_w": within(0, 4096),
        "crop_start_pos_h": within(0, 4096),
        "crop_size_w": within(1, 4096),
        "crop_size_h": within(1, 4096),
        "batch_index": within(0, 0),
    },
    "set_aipp_padding_params": {
        "padding_switch": within(0, 1),
        **{f"padding_size_{side}": within(0, 32) for side in ("top", "bottom", "left", "right")},
        "batch_index": within(0, 0),
    },
    "set_aipp_dtc_pixel_mean": {
        **{f"dtc_pixel_mean_chn{i}": within(0, 255) for i in range(4)},
        "batch_index": within(0, 0),
    },
    # The manual calls them means, too [AIPP-052].
    "set_aipp_dtc_pixel_min": {
        **{f"dtc_pixel_mean_chn{i}": real_within(0, 255) for i in range(4)},
        "batch_index": within(0, 0),
    },
    "set_aipp_pixel_var_reci": {
        **{f"dtc_pixel_var_reci_chn{i}": real_within(-65504, 65504) for i in range(4)},
        "batch_index": within(0, 0),
    },
}
for _setter, _rules in AIPP_SETTERS.items():
    for _argument, _rule in _rules.items():
        OF_FUNCTION[f"acl.mdl.{_setter}", _argument] = _rule
OF_FUNCTION["acl.mdl.create_aipp", "batch_size"] = lambda value: (
    ILLEGAL if not is_number(value) or value < 1 else LEGAL if value <= 256 else EITHER
)

# The sweep has no model and no channel, so the other arguments of a call are not all valid.
WITHOUT_A_MODEL_OR_CHANNEL = ("acl.mdl.", "acl.media.")
NEED_NO_MODEL = {f"acl.mdl.{setter}" for setter in AIPP_SETTERS} | {"acl.mdl.create_aipp"}


def verdict(function: str, argument: str, value: object) -> Verdict:
    rule = OF_FUNCTION.get((function, argument)) or BY_NAME.get(argument, anything)
    found = rule(value)
    if value is Odd.valid and found is ILLEGAL:
        found = LEGAL  # Rules for texts, lists and functions look at the type only.
    if found is not LEGAL or function in NEED_NO_MODEL:
        return found
    return EITHER if function.startswith(WITHOUT_A_MODEL_OR_CHANNEL) else found
