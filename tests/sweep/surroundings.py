"""A small living program around the calls of the sweep: two devices, and valid values for every kind of argument."""

import itertools
import json
import os
import subprocess
import tempfile
import threading
from functools import cache
from pathlib import Path

import acl
import acl.media
import numpy
from swept_values import Odd

SIZE = 64
KERNELS = Path(os.environ["CAIRN_BUILD_DIR"]) / "bin" / "tests" / "test_kernels.so"
KERNEL_NAME = "cce_add_float"


def call_back(*_: object) -> None:
    pass


@cache
def operator_folder() -> str:
    """A folder with the operator Add for the tensors of the sweep, made by atc and loaded."""
    folder = Path(tempfile.mkdtemp())
    tensor = {"format": "ND", "shape": [2, 3], "type": "float"}
    described = [{"op": "Add", "input_desc": [tensor, tensor], "output_desc": [tensor]}]
    (folder / "ops.json").write_text(json.dumps(described))
    command = [
        "atc",
        f"--singleop={folder / 'ops.json'}",
        f"--output={folder}",
        f"--soc_version={acl.get_soc_name()}",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=120)
    assert acl.op.set_model_dir(str(folder)) == 0, acl.get_recent_err_msg()
    return str(folder)


@cache
def operator_file() -> bytes:
    return next(Path(operator_folder()).glob("*.om")).read_bytes()


def loaded_type() -> str:
    operator_folder()
    return "Add"


@cache
def kernel_id() -> str:
    """A kernel that is registered for the operator "text"."""
    data = KERNELS.read_bytes()
    pointer = acl.util.bytes_to_ptr(data)
    ret = acl.op.create_kernel("text", "kernel", KERNEL_NAME, pointer, len(data), 1, 0)
    assert ret == 0, acl.get_recent_err_msg()
    return "kernel"


def choose_kernel(*arguments: object) -> int:
    """A selector."""
    return acl.op.set_kernel_args(arguments[-1], kernel_id(), 1, 0, 0)


def selected_type() -> str:
    kernel_id()
    assert acl.op.register_compile_func("text", choose_kernel) == 0, acl.get_recent_err_msg()
    return "text"


class Surroundings:
    """Valid and odd values. What a call used up or destroyed is made anew for the next one."""

    def __init__(self) -> None:
        for device in (1, 0):
            for _ in range(100):  # The sweep resets them, too.
                assert acl.rt.set_device(device) == 0
        self._context = {0: self._made(acl.rt.create_context(0)), 1: self._made(acl.rt.create_context(1))}
        self._device = 0  # Whose context is the current one.
        self._taken: list[tuple] = []
        self._keep = numpy.zeros(SIZE, numpy.uint8)
        self._kernel_desc = self._ended_kernel_desc = 0
        self.enter(0)

    @staticmethod
    def _made(result: tuple[int, int]) -> int:
        value, ret = result
        assert ret == 0, acl.get_recent_err_msg()
        return value

    def enter(self, device: int) -> None:
        self._device = device
        assert acl.rt.set_context(self._context[device]) == 0, acl.get_recent_err_msg()

    # --- makers: kind -> (make, release) ---

    def _subscribed(self) -> int:
        stream = self._made(acl.rt.create_stream())
        assert acl.rt.subscribe_report(threading.get_ident(), stream) == 0, acl.get_recent_err_msg()
        return stream

    def _recorded(self) -> int:
        event = self._made(acl.rt.create_event())
        assert acl.rt.record_event(event, 0) == 0, acl.get_recent_err_msg()
        assert acl.rt.synchronize_stream(0) == 0, acl.get_recent_err_msg()
        return event

    def _dataset(self) -> int:
        dataset = acl.mdl.create_dataset()
        buffer = acl.create_data_buffer(self._keep.ctypes.data, SIZE)
        _, ret = acl.mdl.add_dataset_buffer(dataset, buffer)
        assert ret == 0
        return dataset

    def _new_context(self) -> int:
        context = self._made(acl.rt.create_context(self._device))
        self.enter(self._device)
        return context

    def _copied(self, data: bytes) -> int:
        address = self._made(acl.rt.malloc_host(len(data)))
        pointer = acl.util.bytes_to_ptr(data)
        assert acl.rt.memcpy(address, len(data), pointer, len(data), 0) == 0, acl.get_recent_err_msg()
        return address

    def _operator_handle(self) -> int:
        desc = self.make("tensor desc")
        return self._made(acl.op.create_handle(loaded_type(), [desc, desc], [desc], 0))

    def in_selector(self, call) -> object:
        """What call() returns inside a selector: there is a kernel description only then."""
        results = []

        def selector(*arguments: object) -> int:
            self._kernel_desc = arguments[-1]
            results.append(call())
            self._ended_kernel_desc = self._kernel_desc
            return 1

        kernel_id()
        desc = self.make("tensor desc")
        assert acl.op.register_compile_func("text", selector) == 0, acl.get_recent_err_msg()
        acl.op.update_params("text", [desc], [desc], 0)
        assert len(results) == 1, acl.get_recent_err_msg()
        return results[0]

    def _started(self) -> int:
        return self._made(acl.util.start_thread(call_back, []))

    def maker(self, kind: str):
        media = acl.media
        return {
            "stream": (lambda: self._made(acl.rt.create_stream()), acl.rt.destroy_stream_force),
            "subscribed stream": (self._subscribed, acl.rt.destroy_stream_force),
            "event": (self._recorded, acl.rt.destroy_event),
            "device memory": (lambda: self._made(acl.rt.malloc(SIZE, 0)), acl.rt.free),
            "host memory": (lambda: self._made(acl.rt.malloc_host(SIZE)), acl.rt.free_host),
            "data buffer": (
                lambda: acl.create_data_buffer(self._keep.ctypes.data, SIZE),
                acl.destroy_data_buffer,
            ),
            "tensor desc": (lambda: acl.create_tensor_desc(0, [2, 3], 2), acl.destroy_tensor_desc),
            "dataset": (self._dataset, acl.mdl.destroy_dataset),
            "model desc": (acl.mdl.create_desc, acl.mdl.destroy_desc),
            "config handle": (acl.mdl.create_config_handle, acl.mdl.destroy_config_handle),
            "aipp": (lambda: acl.mdl.create_aipp(1), acl.mdl.destroy_aipp),
            "channel desc": (media.dvpp_create_channel_desc, media.dvpp_destroy_channel_desc),
            "pic desc": (media.dvpp_create_pic_desc, media.dvpp_destroy_pic_desc),
            "batch pic desc": (
                lambda: media.dvpp_create_batch_pic_desc(2),
                media.dvpp_destroy_batch_pic_desc,
            ),
            "border config": (
                lambda: self._made(media.dvpp_create_border_config()),
                media.dvpp_destroy_border_config,
            ),
            "roi config": (lambda: media.dvpp_create_roi_config(0, 15, 0, 15), media.dvpp_destroy_roi_config),
            "resize config": (media.dvpp_create_resize_config, media.dvpp_destroy_resize_config),
            "dvpp memory": (lambda: self._made(media.dvpp_malloc(SIZE)), media.dvpp_free),
            "thread": (self._started, acl.util.stop_thread),
            "context": (self._new_context, acl.rt.destroy_context),
            "device buffer": (
                lambda: acl.create_data_buffer(self.make("device memory"), SIZE),
                acl.destroy_data_buffer,
            ),
            "attr": (acl.op.create_attr, acl.op.destroy_attr),
            "operator handle": (self._operator_handle, acl.op.destroy_handle),
            "operator file": (lambda: self._copied(operator_file()), acl.rt.free_host),
            "kernel file": (lambda: self._copied(KERNELS.read_bytes()), acl.rt.free_host),
            "sizes": (lambda: self._copied(bytes(SIZE)), acl.rt.free_host),
            "kernel desc": (lambda: self._kernel_desc, lambda _: None),
        }.get(kind)

    def is_handle(self, kind: str) -> bool:
        return kind in LISTS or self.maker(kind) is not None

    def make(self, kind: str) -> int:
        make, release = self.maker(kind)
        value = make()
        self._taken.append((self._device, release, value))
        return value

    def clear(self) -> None:
        """Releases what was made, unless the call did it already, and comes back to the first context."""
        for device, release, value in reversed(self._taken):
            self.enter(device)
            release(value)
        self._taken.clear()
        self.enter(0)
        acl.rt.unsubscribe_report(threading.get_ident(), 0)
        acl.rt.set_op_wait_timeout(0)
        acl.rt.set_exception_info_callback(None)
        acl.op.unregister_compile_func("text")
        acl.get_recent_err_msg()

    def value(self, kind: str, odd: Odd) -> object:
        """An odd value of the kind. Kinds that are no handles and no memory have only valid ones."""
        if kind in LISTS:
            element, count = LISTS[kind]
            return [self.value(element, odd), *(self.value(element, Odd.valid) for _ in range(count - 1))]
        if kind == "kernel desc" and odd is Odd.stale:
            return self._ended_kernel_desc
        if odd is Odd.host:
            return self.make("host memory")
        if odd is Odd.other_type:
            return self.make("tensor desc" if kind != "tensor desc" else "event")
        if self.maker(kind) is None:
            return PLAIN[kind]() if odd is Odd.valid else 7
        if odd is Odd.foreign:
            self.enter(1)
            value = self.make(kind)
            self.enter(0)
            return value
        if odd is Odd.stale:
            make, release = self.maker(kind)
            value = make()
            release(value)
            return value
        value = self.make(kind)
        return value ^ (1 << 40) if odd is Odd.forged else value


# Lists of handles: an odd one holds one odd handle.
LISTS = {
    "two tensor descs": ("tensor desc", 2),
    "one tensor desc": ("tensor desc", 1),
    "two device buffers": ("device buffer", 2),
    "one device buffer": ("device buffer", 1),
    "two data buffers": ("data buffer", 2),
}

_numbers = itertools.count()

# Valid values that need no release.
PLAIN = {
    "number 0": lambda: 0,
    "number 1": lambda: 1,
    "number 2": lambda: 2,
    "number 3": lambda: 3,
    "size": lambda: SIZE,
    "this thread": threading.get_ident,
    "function": lambda: call_back,
    "list": list,
    "dims": lambda: [2, 3],
    "ranges": lambda: [[1, 2], [3, 4]],
    "shape": lambda: (SIZE,),
    "array": lambda: numpy.zeros(SIZE, numpy.uint8),
    "bytes": lambda: b"x" * SIZE,
    "text": lambda: "text",
    "float": lambda: 1.0,
    "numbers": lambda: [1, 2],
    "texts": lambda: ["a", "b"],
    "lists": lambda: [[1, 2], [3]],
    "new text": lambda: f"text {next(_numbers)}",
    "folder": operator_folder,
    "loaded type": loaded_type,
    "selected type": selected_type,
    "registered kernel": kernel_id,
    "kernel name": lambda: KERNEL_NAME,
    "size of the operator file": lambda: len(operator_file()),
    "size of the kernel file": KERNELS.stat().st_size.__int__,
}

KIND_BY_NAME = {
    "stream": "stream",
    "event": "event",
    "start": "event",
    "end": "event",
    "context": "context",
    "dev_ptr": "device memory",
    "dst": "device memory",
    "src": "device memory",
    "host_ptr": "host memory",
    "ptr": "host memory",
    "dataBuffer": "host memory",
    "desc": "tensor desc",
    "srcDesc": "tensor desc",
    "tensorDesc": "tensor desc",
    "data_buffer": "data buffer",
    "date_buffer": "data buffer",
    "dataset": "dataset",
    "dataset_in": "dataset",
    "input": "dataset",
    "output": "dataset",
    "output_": "dataset",
    "model_desc": "model desc",
    "modelDesc": "model desc",
    "config_handle": "config handle",
    "aipp_parms_set": "aipp",
    "aipp": "aipp",
    "dvpp_channel_desc": "channel desc",
    "channelDesc": "channel desc",
    "dvpp_pic_desc": "pic desc",
    "input_dvpp_pic_desc": "pic desc",
    "output_dvpp_pic_desc": "pic desc",
    "output_desc": "pic desc",
    "batch_pic_desc": "batch pic desc",
    "src_batch_pic_descs": "batch pic desc",
    "dst_batch_pic_descs": "batch pic desc",
    "border_config": "border config",
    "roi_config": "roi config",
    "crop_area": "roi config",
    "paste_area": "roi config",
    "resize_config": "resize config",
    "dvpp_resize_config": "resize config",
    "data_dev": "dvpp memory",
    "data": "host memory",
    "size": "size",
    "count": "size",
    "max_count": "size",
    "dest_max": "size",
    "data_size": "size",
    "length": "size",
    "dims": "dims",
    "dims_range": "ranges",
    "value_range": "ranges",
    "shape": "shape",
    "data_in": "array",
    "thr_id": "thread",
    "thr_func": "function",
    "fn": "function",
    "args_list": "list",
    "user_data_list": "list",
    "thread_id": "this thread",
    "name": "text",
    "dynamic_input_name": "text",
    "message": "text",
    "model_path": "text",
    "file_name": "text",
    "format": "number 2",
    "timeout": "number 1",
    "flag": "number 1",
    "dim_range_num": "number 2",
    "batch_size": "number 1",
    "input_format": "number 1",
    "csc_switch": "number 1",
    "crop_switch": "number 1",
    "padding_switch": "number 1",
    "attr": "attr",
    "op_attr": "attr",
    "attr_name": "text",
    "op_type": "loaded type",
    "input_desc": "two tensor descs",
    "inputs": "two device buffers",
    "outputs": "one device buffer",
    "handle": "operator handle",
    "src_desc": "tensor desc",
    "dst_desc": "tensor desc",
    "src_buffer": "device buffer",
    "dst_buffer": "device buffer",
    "in_desc_list": "two tensor descs",
    "in_list": "two data buffers",
    "out_desc_list": "one tensor desc",
    "num_outputs": "number 1",
    "num_values": "number 2",
    "model_dir": "folder",
    "model_size": "size of the operator file",
    "func": "function",
    "kernel_id": "registered kernel",
    "kernel_name": "kernel name",
    "bin_data": "kernel file",
    "bin_size": "size of the kernel file",
    "kernel_desc": "kernel desc",
    "block_dim": "number 1",
    "args": "host memory",
    "arg_size": "size",
    "num_workspaces": "number 1",
    "workspace_sizes": "sizes",
    **dict.fromkeys(("m", "n", "k", "lda", "ldb", "ldc"), "number 2"),
    **dict.fromkeys(("incx", "incy"), "number 1"),
    **{f"data_type_{each}": "number 1" for each in "abcxy"},
    **dict.fromkeys(("alpha", "beta", "a", "x", "y", "matrix_a", "matrix_b", "matrix_c"), "device memory"),
    "src_image_size_w": "number 2",
    "src_image_size_h": "number 2",
    "crop_size_w": "number 2",
    "crop_size_h": "number 2",
}
KIND_OF_FUNCTION = {
    ("acl.rt.launch_callback", "stream"): "subscribed stream",
    ("acl.rt.unsubscribe_report", "stream"): "subscribed stream",
    ("acl.rt.memcpy", "kind"): "number 3",
    ("acl.rt.memcpy_async", "kind"): "number 3",
    ("acl.util.numpy_to_ptr", "data"): "array",
    ("acl.util.bytes_to_ptr", "data"): "bytes",
    ("acl.util.ptr_to_numpy", "type"): "number 2",
    ("acl.media.dvpp_free", "dev_ptr"): "dvpp memory",
    ("acl.float_to_float16", "value"): "float",
    ("acl.rt.get_mem_info", "attr"): "number 0",
    ("acl.op.load", "model"): "operator file",
    ("acl.op.set_attr_float", "attr_value"): "float",
    ("acl.op.set_attr_string", "attr_value"): "text",
    ("acl.op.set_attr_list_bool", "attr_value"): "numbers",
    ("acl.op.set_attr_list_int", "attr_value"): "numbers",
    ("acl.op.set_attr_list_float", "attr_value"): "numbers",
    ("acl.op.set_attr_list_string", "attr_value"): "texts",
    ("acl.op.set_attr_list_list_int", "values"): "lists",
    ("acl.op.set_attr_list_data_type", "values"): "numbers",
    ("acl.op.register_compile_func", "op_type"): "text",
    ("acl.op.unregister_compile_func", "op_type"): "selected type",
    ("acl.op.update_params", "op_type"): "selected type",
    ("acl.op.create_kernel", "op_type"): "new text",
    ("acl.op.create_kernel", "kernel_id"): "text",
    **{
        (f"acl.op.{function}", "output_desc"): "one tensor desc"
        for function in ("execute", "execute_v2", "create_handle", "update_params")
    },
}


def kind_of(function: str, argument: str) -> str:
    return KIND_OF_FUNCTION.get((function, argument)) or KIND_BY_NAME.get(argument, "number 0")
