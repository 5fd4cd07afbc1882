"""CAIRN_CHECK=api."""

import pytest

IGNORED = """
        def fail():
            return acl.rt.set_device(99)
        ok(acl.init())
        code = fail()
        {look}
        count = ok(acl.rt.get_device_count())
        ok(acl.finalize())
        """


def test_a_failed_call_whose_code_nobody_looks_at(check):
    run = check(IGNORED.format(look="pass"), "api")
    assert run.titles() == ["the return code of a failed call is not looked at"], run.stderr
    found = run.findings[0]
    assert found["object"] == "acl.rt.set_device returned 107001"
    failed, goes_on = found["places"]
    assert failed["stack"][0].endswith("in fail")
    assert goes_on["stack"][0].endswith("in <module>")


@pytest.mark.parametrize(
    "look",
    ["assert code != 0", "assert 0 != code", "print(code)", "bool(code)", "f'{code}'", "int(code)", "{code: 1}",
     "max(code, 0)", "acl.get_recent_err_msg()"],
)  # fmt: skip
def test_what_counts_as_a_look(check, look):
    run = check(IGNORED.format(look=look), "api")
    assert run.findings == [], run.stderr
    assert run.returncode == 0, run.stderr


def test_a_code_in_a_tuple_is_watched_too(find_fault):
    found = find_fault(
        """
        ok(acl.init())
        address, ret = acl.rt.malloc_host(0)
        if not FAULT:
            assert ret != 0
        ok(acl.rt.get_device_count())
        ok(acl.finalize())
        """,
        "api",
    )
    assert found["object"].startswith("acl.rt.malloc_host returned")


def test_a_code_that_the_last_call_returned(find_fault):
    found = find_fault(
        """
        start()
        end()
        if FAULT:
            acl.rt.get_run_mode()  # Works at any time.
            acl.mdl.unload(99)
        """,
        "api",
    )
    assert found["object"].startswith("acl.mdl.unload returned")


ORDER = {
    "a function is called before aclInit or after aclFinalize": (
        "SYS-012",
        """
        if FAULT:
            assert acl.rt.set_device(0) != 0
        start()
        end()
        """,
    ),
    "aclInit is called again": (
        "SYS-011",
        """
        start()
        if FAULT:
            assert acl.init() != 0
        end()
        """,
    ),
    "aclFinalize is called again": (
        "SYS-024",
        """
        start()
        end()
        if FAULT:
            assert acl.finalize() != 0
        """,
    ),
    "the thread has no context": (
        "RT-190",
        """
        import threading
        start()
        context = ok(acl.rt.get_context())
        def work():
            if not FAULT:
                ok(acl.rt.set_context(context))
            assert (acl.rt.create_stream()[1] if FAULT else 0) == (107002 if FAULT else 0)
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        end()
        """,
    ),
    "a stream or event of another context is used": (
        "RT-052",
        """
        start()
        stream, default = ok(acl.rt.create_stream()), ok(acl.rt.get_context())
        context = ok(acl.rt.create_context(0))
        if FAULT:
            assert acl.rt.synchronize_stream(stream) != 0
        ok(acl.rt.destroy_context(context))
        ok(acl.rt.set_context(default))
        ok(acl.rt.destroy_stream(stream))
        end()
        """,
    ),
    "a device is reset more often than it was set": (
        "GDE-019",
        """
        start()
        if FAULT:
            ok(acl.rt.reset_device(0))
            assert acl.rt.reset_device(0) != 0
            ok(acl.finalize())
        else:
            end()
        """,
    ),
    "a callback has no thread that handles it": (
        "RT-108",
        """
        start()
        stream = ok(acl.rt.create_stream())
        if FAULT:
            assert acl.rt.launch_callback(print, None, 0, stream) != 0
        ok(acl.rt.destroy_stream(stream))
        end()
        """,
    ),
    "a thread handles callbacks, but was never subscribed": (
        "RT-109",
        """
        import threading
        import time
        start()
        stream, context = ok(acl.rt.create_stream()), ok(acl.rt.get_context())
        ends = threading.Event()
        def serve(_):
            ok(acl.rt.set_context(context))
            while not ends.is_set():
                acl.rt.process_report(20)
                time.sleep(0.005)
        thread = ok(acl.util.start_thread(serve, []))
        time.sleep(0.1)  # The first calls come before the thread is subscribed in both programs.
        ok(acl.rt.subscribe_report(thread + FAULT, stream))
        time.sleep(0.1)
        ends.set()
        ok(acl.util.stop_thread(thread))
        ok(acl.rt.unsubscribe_report(thread + FAULT, stream))
        ok(acl.rt.destroy_stream(stream))
        end()
        """,
    ),
    "the host waits for an event that was never recorded": (
        "RT-089",
        """
        start()
        event = ok(acl.rt.create_event())
        if not FAULT:
            ok(acl.rt.record_event(event, 0))
        assert (acl.rt.synchronize_event(event) != 0) == FAULT
        ok(acl.rt.destroy_event(event))
        end()
        """,
    ),
    "a stream waits for an event that was not recorded": (
        "GDE-127",
        """
        start()
        event, stream = ok(acl.rt.create_event()), ok(acl.rt.create_stream())
        if not FAULT:
            ok(acl.rt.record_event(event, 0))
        ok(acl.rt.stream_wait_event(stream, event))
        ok(acl.rt.record_event(event, 0))
        ok(acl.rt.synchronize_stream(stream))
        ok(acl.rt.destroy_event(event))
        ok(acl.rt.destroy_stream(stream))
        end()
        """,
    ),
    "a stream is used after it was destroyed": (
        "GDE-150",
        """
        start()
        stream = ok(acl.rt.create_stream())
        ok(acl.rt.destroy_stream(stream))
        if FAULT:
            assert acl.rt.synchronize_stream(stream) != 0
        end()
        """,
    ),
    "a data buffer is used after it was destroyed": (
        "GDE-150",
        """
        start()
        buffer = acl.create_data_buffer(0, 0)
        for _ in range(2 if FAULT else 1):
            ret = acl.destroy_data_buffer(buffer)
        assert (ret != 0) == FAULT
        end()
        """,
    ),
    "a stream is alive when its context is destroyed": (
        "GDE-059",
        """
        start()
        context = ok(acl.rt.create_context(0))
        stream = ok(acl.rt.create_stream())
        if not FAULT:
            ok(acl.rt.destroy_stream(stream))
        ok(acl.rt.destroy_context(context))
        end()
        """,
    ),
    "a event is alive when its device is reset": (
        "RT-019",
        """
        start()
        event = ok(acl.rt.create_event())
        if not FAULT:
            ok(acl.rt.destroy_event(event))
        ok(acl.rt.reset_device(0))
        if FAULT:
            ok(acl.rt.destroy_event(event))
        ok(acl.finalize())
        """,
    ),
    "a device is in use when aclFinalize is called": (
        "GDE-042",
        """
        start()
        if not FAULT:
            ok(acl.rt.reset_device(0))
        ok(acl.finalize())
        """,
    ),
    "the process ends without aclFinalize": (
        "SYS-022",
        """
        start()
        ok(acl.rt.reset_device(0))
        if not FAULT:
            ok(acl.finalize())
        """,
    ),
    "acl.rt.query_event is deprecated": (
        "RT-001",
        """
        start()
        event = ok(acl.rt.create_event())
        ok(acl.rt.record_event(event, 0))
        ok(acl.rt.query_event(event) if FAULT else acl.rt.query_event_status(event))
        ok(acl.rt.synchronize_event(event))
        ok(acl.rt.destroy_event(event))
        end()
        """,
    ),
    "acl.util.ptr_to_numpy is deprecated": (
        "UTL-003",
        """
        start()
        host = ok(acl.rt.malloc_host(64))
        acl.util.ptr_to_numpy(host, (64,), 2) if FAULT else acl.util.ptr_to_bytes(host, 64)
        ok(acl.rt.free_host(host))
        end()
        """,
    ),
}


@pytest.mark.parametrize("title", ORDER)
def test_misuse(find_fault, title):
    rule, code = ORDER[title]
    found = find_fault(code, "api")
    assert (found["title"], found["rule"]) == (title, rule)
    assert found["repair"]


def test_a_destroyed_object_is_shown_with_its_whole_life(check):
    code = ORDER["a stream is used after it was destroyed"][1]
    (found,) = check(code, "api").findings
    used, destroyed, made = found["places"]
    assert used["what"] == "acl.rt.synchronize_stream is given it"
    assert destroyed["what"] == "acl.rt.destroy_stream destroyed it"
    assert made["what"] == "acl.rt.create_stream made it"
    assert all("app.py" in place["stack"][0] for place in found["places"])


def test_a_function_that_the_chip_does_not_have(check):
    code = """
        start()
        acl.rt.set_device_sat_mode(0) != 0
        end()
        """
    found = check(code, "api", CAIRN_SOC="Ascend310B4").findings
    assert [(one["title"], one["rule"]) for one in found] == [
        ("Ascend310B4 does not have acl.rt.set_device_sat_mode", "RT-006")
    ]
    assert check(code, "api", CAIRN_SOC="Ascend310P3").findings == []


LIMITS = {
    "streams": ("RT-043", 461, "ok(acl.rt.create_stream())", "acl.rt.destroy_stream"),
    "events with ACL_EVENT_SYNC": (
        "RT-069",
        921,
        "ok(acl.rt.create_event_with_flag(1))",
        "acl.rt.destroy_event",
    ),
    "bytes of memory": ("RT-193", 30, "ok(acl.rt.malloc(1 << 20, 0))", "acl.rt.free"),
}


@pytest.mark.parametrize("name", LIMITS)
def test_limits_that_are_nearly_reached(find_fault, name):
    rule, count, make, destroy = LIMITS[name]
    found = find_fault(
        f"""
        start()
        things = [{make} for _ in range({count} if FAULT else {count * 3 // 4})]
        for thing in things:
            ok({destroy}(thing))
        end()
        """,
        "api",
        CAIRN_SOC="Ascend310B4",
        CAIRN_MEMORY_MB="32",
    )
    assert found["title"] == f"a limit is nearly reached: {name}"
    assert found["rule"] == rule
