"""CAIRN_CHECK=sync: found on every run, whatever was executed first."""

import pytest

WRITE_AGAINST_WRITE = "a task writes memory that an unfinished task of another stream writes"
HOST_AGAINST_WRITE = "the host {} memory that an unfinished task writes"

ONE_STREAM = """
        start()
        stream = ok(acl.rt.create_stream())
        memory, host, host2 = ok(acl.rt.malloc(64, 0)), ok(acl.rt.malloc_host(64)), ok(acl.rt.malloc_host(64))
        ok(acl.rt.memset(memory, 64, 5, 64))
        def finish():
            ok(acl.rt.synchronize_stream(stream))
            ok(acl.rt.destroy_stream(stream))
            ok(acl.rt.free(memory))
            ok(acl.rt.free_host(host))
            ok(acl.rt.free_host(host2))
            end()
"""

HOST_ENDS = {
    "copies from it": ("ok(acl.rt.memcpy(host2, 64, host, 64, 0))", "reads"),
    "copies to it": ("ok(acl.rt.memcpy(host, 64, host2, 64, 0))", "writes"),
    "sets it": ("ok(acl.rt.memset(host, 64, 1, 64))", "writes"),
    "takes its bytes": ("acl.util.ptr_to_bytes(host, 64)", "reads"),
    "looks at it through numpy": ("acl.util.ptr_to_numpy(host, (64,), 2)", "reads"),
}


@pytest.mark.parametrize("name", HOST_ENDS)
def test_the_host_uses_memory_that_a_copy_writes(find_fault, name):
    use, verb = HOST_ENDS[name]
    found = find_fault(
        ONE_STREAM
        + f"""
        def use(host, host2):
            {use}
        ok(acl.rt.memcpy_async(host, 64, memory, 64, D2H, stream))
        if not FAULT:
            ok(acl.rt.synchronize_stream(stream))
        use(host, host2)
        finish()
        """,
        "sync",
        twin_kinds="sync" if "numpy" in name else "all",  # Deprecated.
    )
    assert found["title"] == HOST_AGAINST_WRITE.format(verb)
    assert found["rule"] == "RT-178"
    here, there, made = found["places"]
    assert here["stack"][0].endswith("in use")
    assert there["what"].startswith("acl.rt.memcpy_async launched the task of stream#")
    assert made["what"] == "acl.rt.malloc_host allocated it"


def test_the_host_writes_memory_that_a_copy_reads_but_may_read_it(find_fault):
    found = find_fault(
        ONE_STREAM
        + """
        ok(acl.rt.memcpy_async(memory, 64, host, 64, H2D, stream))
        acl.util.ptr_to_bytes(host, 64)
        if not FAULT:
            ok(acl.rt.synchronize_stream(stream))
        ok(acl.rt.memset(host, 64, 1, 64))
        finish()
        """,
        "sync",
    )
    assert found["title"] == "the host writes memory that an unfinished task reads"


@pytest.mark.parametrize("place", ["device", "host"])
def test_memory_is_freed_while_a_task_uses_it(find_fault, place):
    found = find_fault(
        f"""
        PLACE = {place!r}
        start()
        stream = ok(acl.rt.create_stream())
        memory = ok(acl.rt.malloc(64, 0)) if PLACE == "device" else ok(acl.rt.malloc_host(64))
        ok(acl.rt.memset_async(memory, 64, 1, 64, stream))
        if not FAULT:
            ok(acl.rt.synchronize_stream(stream))
        ok(acl.rt.free(memory) if PLACE == "device" else acl.rt.free_host(memory))
        ok(acl.rt.destroy_stream(stream))
        end()
        """,
        "sync",
    )
    assert found["title"] == HOST_AGAINST_WRITE.format("frees")
    assert found["rule"] == "RT-172"


TWO_STREAMS = """
        start()
        first, second = ok(acl.rt.create_stream()), ok(acl.rt.create_stream())
        event = ok(acl.rt.create_event())
        memory, other = ok(acl.rt.malloc(64, 0)), ok(acl.rt.malloc(64, 0))
        def finish():
            for stream in (first, second):
                ok(acl.rt.synchronize_stream(stream))
                ok(acl.rt.destroy_stream(stream))
            ok(acl.rt.destroy_event(event))
            ok(acl.rt.free(memory))
            ok(acl.rt.free(other))
            end()
"""


def test_two_streams_write_the_same_bytes(find_fault):
    found = find_fault(
        TWO_STREAMS
        + """
        ok(acl.rt.memset_async(memory, 64, 1, 64, first))
        if not FAULT:
            ok(acl.rt.record_event(event, first))
            ok(acl.rt.stream_wait_event(second, event))
        ok(acl.rt.memset_async(memory, 64, 2, 64, second))
        finish()
        """,
        "sync",
    )
    assert found["title"] == WRITE_AGAINST_WRITE


def test_different_bytes_of_one_allocation_are_no_conflict(find_fault):
    found = find_fault(
        TWO_STREAMS
        + """
        ok(acl.rt.memset_async(memory, 32, 1, 32, first))
        ok(acl.rt.memset_async(memory + (31 if FAULT else 32), 32, 2, 32, second))
        finish()
        """,
        "sync",
    )
    assert found["title"] == WRITE_AGAINST_WRITE


def test_a_stream_that_reads_before_the_other_wrote(find_fault):
    found = find_fault(
        TWO_STREAMS
        + """
        ok(acl.rt.memset(other, 64, 1, 64))
        ok(acl.rt.memcpy_async(memory, 64, other, 64, D2D, first))
        if not FAULT:
            ok(acl.rt.synchronize_stream(first))
        ok(acl.rt.memset_async(other, 64, 2, 64, second))
        finish()
        """,
        "sync",
    )
    assert found["title"] == "a task writes memory that an unfinished task of another stream reads"


def test_an_event_that_was_recorded_before_the_task_orders_nothing(find_fault):
    found = find_fault(
        TWO_STREAMS
        + """
        if FAULT:
            ok(acl.rt.record_event(event, first))
        ok(acl.rt.memset_async(memory, 64, 1, 64, first))
        if not FAULT:
            ok(acl.rt.record_event(event, first))
        ok(acl.rt.synchronize_event(event))
        ok(acl.rt.memset(memory, 64, 2, 64))
        finish()
        """,
        "sync",
    )
    assert found["title"] == HOST_AGAINST_WRITE.format("writes")


WAYS_TO_WAIT = {
    "synchronize_device": "ok(acl.rt.synchronize_device())",
    "synchronize_stream_with_timeout": "ok(acl.rt.synchronize_stream_with_timeout(stream, -1))",
    "synchronize_event": "ok(acl.rt.record_event(event, stream)); ok(acl.rt.synchronize_event(event))",
    "query_event_status": """
        ok(acl.rt.record_event(event, stream))
        while ok(acl.rt.query_event_status(event)) != 1:
            pass""",
    "event_elapsed_time": """
        ok(acl.rt.record_event(event, stream))
        while acl.rt.event_elapsed_time(event, event)[1] != 0:
            pass""",
    "synchronize another stream that waits": """
        other = ok(acl.rt.create_stream())
        ok(acl.rt.record_event(event, stream))
        ok(acl.rt.stream_wait_event(other, event))
        ok(acl.rt.synchronize_stream(other))
        ok(acl.rt.destroy_stream(other))""",
    "destroy the stream": "ok(acl.rt.destroy_stream(stream)); stream = ok(acl.rt.create_stream())",
    "another thread waits": """
        import threading
        context = ok(acl.rt.get_context())
        def wait():
            ok(acl.rt.set_context(context))
            ok(acl.rt.synchronize_stream(stream))
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()""",
}


@pytest.mark.parametrize("way", WAYS_TO_WAIT)
def test_every_way_to_wait_is_known(check, way):
    wait = "\n".join(line.removeprefix("        ") for line in WAYS_TO_WAIT[way].splitlines())
    run = check(
        f"""
start()
stream, event = ok(acl.rt.create_stream()), ok(acl.rt.create_event())
memory = ok(acl.rt.malloc(64, 0))
for _ in range(3):
    ok(acl.rt.memset_async(memory, 64, 1, 64, stream))
{wait}
ok(acl.rt.memset(memory, 64, 2, 64))
ok(acl.rt.free(memory))
ok(acl.rt.destroy_event(event))
ok(acl.rt.destroy_stream(stream))
end()
""",
        "sync",
    )
    assert run.findings == [], run.stderr
    assert run.returncode == 0, run.stderr


def test_a_stream_may_wait_for_an_event_that_is_recorded_later(find_fault):
    found = find_fault(
        TWO_STREAMS
        + """
        if not FAULT:
            ok(acl.rt.stream_wait_event(second, event))
        ok(acl.rt.memset_async(memory, 64, 2, 64, second))
        ok(acl.rt.memset_async(memory, 64, 1, 64, first))
        ok(acl.rt.record_event(event, first))
        finish()
        """,
        "sync",
        twin_kinds="sync",  # api finds the order unusual.
    )
    assert found["title"] == WRITE_AGAINST_WRITE


def test_a_blocking_callback_orders_the_host_between_two_tasks(find_fault):
    found = find_fault(
        """
        import threading
        start()
        context, stream = ok(acl.rt.get_context()), ok(acl.rt.create_stream())
        memory = ok(acl.rt.malloc(64, 0))
        ready, done = threading.Event(), threading.Event()
        def callback(_):
            ok(acl.rt.memset(memory, 64, 2, 64))
        def serve():
            ok(acl.rt.set_context(context))
            ready.set()
            while not done.is_set():
                acl.rt.process_report(50)
        thread = threading.Thread(target=serve)
        thread.start()
        ready.wait()
        ok(acl.rt.subscribe_report(thread.ident, stream))
        ok(acl.rt.memset_async(memory, 64, 1, 64, stream))
        ok(acl.rt.launch_callback(callback, None, 0 if FAULT else 1, stream))
        ok(acl.rt.memset_async(memory, 64, 3, 64, stream))
        ok(acl.rt.synchronize_stream(stream))
        done.set()
        thread.join()
        ok(acl.rt.unsubscribe_report(thread.ident, stream))
        ok(acl.rt.destroy_stream(stream))
        ok(acl.rt.free(memory))
        end()
        """.replace(
            "ok(acl.rt.synchronize_stream(stream))",
            "import time; time.sleep(0.3); ok(acl.rt.synchronize_stream(stream))",
            1,
        ),
        "sync",
    )
    assert found["title"] == HOST_AGAINST_WRITE.format("writes")


def test_one_missing_synchronization_is_one_finding(check):
    run = check(
        ONE_STREAM
        + """
        for _ in range(3):
            ok(acl.rt.memset_async(memory, 64, 1, 64, stream))
            ok(acl.rt.memset(memory, 64, 2, 64))
            ok(acl.rt.memset(memory, 64, 3, 64))
        finish()
        """,
        "sync",
    )
    assert len(run.findings) == 1, run.stderr
    assert run.summary["repeats"] == {"1": 2}


def test_memory_is_freed_before_a_task_that_waits_has_begun(find_fault):
    found = find_fault(
        TWO_STREAMS
        + """
        extra = ok(acl.rt.malloc(64, 0))
        ok(acl.rt.stream_wait_event(second, event))
        ok(acl.rt.memset_async(extra, 64, 1, 64, second))
        if FAULT:
            ok(acl.rt.free(extra))
        ok(acl.rt.record_event(event, first))
        ok(acl.rt.synchronize_stream(second))
        if not FAULT:
            ok(acl.rt.free(extra))
        finish()
        """,
        "sync",
        twin_kinds="sync",  # api finds the order unusual.
    )
    assert found["title"] == HOST_AGAINST_WRITE.format("frees")


# --- accesses of the program itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of", ["range", "page"])
def test_the_program_itself_reads_memory_that_a_copy_writes(find_fault, of):
    size = {"range": 3 << 20, "page": 64}[of]
    found = find_fault(
        f"""
        import ctypes
        SIZE = {size}
        def look(host):
            return ctypes.string_at(host + SIZE - 4, 4)
        start()
        stream = ok(acl.rt.create_stream())
        memory, host = ok(acl.rt.malloc(SIZE, 0)), ok(acl.rt.malloc_host(SIZE))
        ok(acl.rt.memset(memory, SIZE, 7, SIZE))
        ok(acl.rt.memcpy_async(host, SIZE, memory, SIZE, D2H, stream))
        if not FAULT:
            ok(acl.rt.synchronize_stream(stream))
        look(host)
        ok(acl.rt.synchronize_stream(stream))
        assert look(host) == bytes([7] * 4)
        ok(acl.rt.destroy_stream(stream))
        ok(acl.rt.free(memory))
        ok(acl.rt.free_host(host))
        end()
        """,
        "sync",
    )
    assert found["title"] == HOST_AGAINST_WRITE.format("reads")
    assert found["rule"] == "RT-178"
    here, there, made = found["places"]
    assert here["what"].startswith("the program reads 0x")
    assert any(line.endswith("in look") for line in here["stack"])  # Below ctypes.
    assert there["what"].startswith("acl.rt.memcpy_async launched the task of stream#")
    assert made["what"] == "acl.rt.malloc_host allocated it"


NUMPY = (
    ONE_STREAM
    + """
        import ctypes
        import numpy as np
        array = np.frombuffer((ctypes.c_uint8 * 64).from_address(host), np.uint8)
"""
)


def test_a_numpy_array_is_written_while_a_copy_reads_it_but_may_be_read(find_fault):
    found = find_fault(
        NUMPY
        + """
        array[:] = 3
        ok(acl.rt.memcpy_async(memory, 64, host, 64, H2D, stream))
        assert array.sum() == 3 * 64
        if not FAULT:
            ok(acl.rt.synchronize_stream(stream))
        array[5] = 4
        finish()
        """,
        "sync",
    )
    assert found["title"] == "the host writes memory that an unfinished task reads"
    assert found["places"][0]["what"].startswith("the program writes 0x")


def test_numpy_copies_without_the_interpreters_lock(find_fault):
    found = find_fault(
        """
        import ctypes
        import numpy as np
        SIZE = 1 << 22
        def look(array):
            return array.copy()
        start()
        stream = ok(acl.rt.create_stream())
        memory, host = ok(acl.rt.malloc(SIZE, 0)), ok(acl.rt.malloc_host(SIZE))
        array = np.frombuffer((ctypes.c_uint8 * SIZE).from_address(host), np.uint8)
        ok(acl.rt.memset_async(host, SIZE, 9, SIZE, stream))
        if not FAULT:
            ok(acl.rt.synchronize_stream(stream))
        look(array)
        ok(acl.rt.synchronize_stream(stream))
        assert (look(array) == 9).all()
        ok(acl.rt.destroy_stream(stream))
        ok(acl.rt.free(memory))
        ok(acl.rt.free_host(host))
        end()
        """,
        "sync",
    )
    assert found["title"] == HOST_AGAINST_WRITE.format("reads")
    assert found["places"][0]["stack"][0].endswith("in look")


def test_a_part_that_no_task_uses_may_be_touched(check):
    run = check(
        """
        import ctypes
        SIZE = 1 << 20
        start()
        stream = ok(acl.rt.create_stream())
        memory, host = ok(acl.rt.malloc(SIZE, 0)), ok(acl.rt.malloc_host(SIZE))
        ok(acl.rt.memset(memory, SIZE, 7, SIZE))
        # From the middle of a page to the middle of another one.
        first, last = 64 * 100, 64 * 1000
        for _ in range(3):
            ok(acl.rt.memcpy_async(host + first, SIZE, memory, last - first, D2H, stream))
            ctypes.memset(host, 1, first)
            ctypes.memset(host + last, 2, SIZE - last)
            with open("/dev/zero", "rb", buffering=0) as zeros:   # A system call, which would not be done again.
                assert zeros.readinto((ctypes.c_uint8 * first).from_address(host)) == first
            ok(acl.rt.synchronize_stream(stream))
            assert ctypes.string_at(host + first - 1, 2) == bytes([0, 7])
            assert ctypes.string_at(host + last - 1, 2) == bytes([7, 2])
        ok(acl.rt.destroy_stream(stream))
        ok(acl.rt.free(memory))
        ok(acl.rt.free_host(host))
        end()
        """,
    )
    assert run.findings == [], run.stderr
    assert run.returncode == 0, run.stderr


def test_tasks_and_calls_reach_memory_that_is_closed_to_the_program(check):
    run = check(
        ONE_STREAM
        + """
        for value in range(3):
            ok(acl.rt.memset_async(host, 64, value, 64, stream))
            ok(acl.rt.memcpy_async(memory, 64, host, 64, H2D, stream))
            ok(acl.rt.memcpy_async(host2, 64, memory, 64, D2H, stream))
            ok(acl.rt.synchronize_stream(stream))
            assert acl.util.ptr_to_bytes(host2, 64) == bytes([value] * 64)
        finish()
        """,
    )
    assert run.findings == [], run.stderr
    assert run.returncode == 0, run.stderr


def test_a_forked_child_has_host_memory_of_its_own(check):
    run = check(
        ONE_STREAM
        + """
        import ctypes
        import os
        ctypes.memset(host, 1, 64)
        ok(acl.rt.memset_async(host2, 64, 9, 64, stream))   # Closed while the process forks.
        child = os.fork()
        if child == 0:
            good = ctypes.string_at(host, 64) == bytes([1] * 64)
            ctypes.memset(host, 2, 64)
            ctypes.string_at(host2, 64)
            os._exit(7 if good and ctypes.string_at(host, 64) == bytes([2] * 64) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert ctypes.string_at(host, 64) == bytes([1] * 64)
        ok(acl.rt.synchronize_stream(stream))
        assert ctypes.string_at(host2, 64) == bytes([9] * 64)
        finish()
        """,
    )
    assert run.findings == [], run.stderr
    assert run.returncode == 0, run.stderr


def test_a_handler_of_the_program_is_left_alone(check):
    """faulthandler in front of ours: nothing is closed, so that a race does not end the program."""
    run = check(
        ONE_STREAM
        + """
        import ctypes
        import faulthandler
        faulthandler.enable()
        ok(acl.rt.memset_async(host, 64, 9, 64, stream))
        ctypes.string_at(host, 64)
        finish()
        """,
        "sync",
    )
    assert run.findings == [], run.stderr
    assert run.returncode == 0, run.stderr


def test_a_thread_touches_memory_while_another_one_waits_for_its_copy(check):
    run = check(
        """
        import ctypes
        import threading
        start()
        context = ok(acl.rt.get_context())
        def work(number):
            ok(acl.rt.set_context(context))
            stream = ok(acl.rt.create_stream())
            memory, host = ok(acl.rt.malloc(1 << 16, 0)), ok(acl.rt.malloc_host(1 << 16))
            for turn in range(100):
                ctypes.memset(host, turn, 1 << 16)
                ok(acl.rt.memcpy_async(memory, 1 << 16, host, 1 << 16, H2D, stream))
                ok(acl.rt.memset_async(host, 1 << 16, 200, 1 << 16, stream))
                ok(acl.rt.memcpy_async(host, 1 << 16, memory, 1 << 16, D2H, stream))
                ok(acl.rt.synchronize_stream(stream))
                assert ctypes.string_at(host, 1 << 16) == bytes([turn]) * (1 << 16)
            ok(acl.rt.free(memory))
            ok(acl.rt.free_host(host))
            ok(acl.rt.destroy_stream(stream))
        threads = [threading.Thread(target=work, args=[n]) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        end()
        """,
    )
    assert run.findings == [], run.stderr
    assert run.returncode == 0, run.stderr
