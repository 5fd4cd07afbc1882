"""acl.util.start_thread and stop_thread, and the context of new threads."""

import threading
import time

import pytest
from constants import RT_CONTEXT_NULL


def run_thread(acl, function, arguments=()):
    thread, ret = acl.util.start_thread(function, arguments)
    assert ret == 0
    assert acl.util.stop_thread(thread) == 0


@pytest.mark.rules("UTL-032")
def test_start_thread_returns_an_id_and_success(acl):
    thread, ret = acl.util.start_thread(lambda _: None, [])
    assert isinstance(thread, int)
    assert ret == 0
    acl.util.stop_thread(thread)


@pytest.mark.rules("UTL-032")
def test_the_function_runs_in_a_thread_of_its_own(acl):
    seen = []
    run_thread(acl, lambda _: seen.append(threading.get_ident()), [])
    assert seen[0] != threading.get_ident()


@pytest.mark.rules("UTL-033")
def test_the_list_is_the_single_argument_of_the_function(acl):
    seen = []
    given = ["context", 50]
    run_thread(acl, seen.append, given)
    assert seen == [given]


@pytest.mark.rules("GDE-129")
@pytest.mark.parametrize("given", [17, "text", None, {"a": 1}])
def test_an_argument_that_is_no_list_is_handed_on_as_it_is(acl, given):
    seen = []
    run_thread(acl, seen.append, given)
    assert seen == [given]


@pytest.mark.rules("UTL-035", "GDE-130")
def test_stop_thread_waits_for_the_function_to_end(acl):
    ended = []

    def work(_):
        time.sleep(0.1)
        ended.append(True)

    run_thread(acl, work, [])
    assert ended == [True]


@pytest.mark.rules("UTL-035")
@pytest.mark.parametrize("thread", [0, 1, -1, 2**63, 2**70])
def test_stop_thread_refuses_an_id_that_start_thread_did_not_give(acl, thread):
    assert acl.util.stop_thread(thread) != 0


@pytest.mark.rules("UTL-035")
def test_stop_thread_refuses_a_thread_that_was_stopped_before(acl):
    thread, _ = acl.util.start_thread(lambda _: None, [])
    assert acl.util.stop_thread(thread) == 0
    assert acl.util.stop_thread(thread) != 0


@pytest.mark.rules("UTL-034", "RT-190")
def test_a_new_thread_has_no_context(acl, context):
    seen = []
    run_thread(acl, lambda _: seen.append(acl.rt.create_stream()[1]), [])
    assert seen == [RT_CONTEXT_NULL]


@pytest.mark.rules("UTL-034", "GDE-029")
def test_a_new_thread_works_after_set_context(acl, context):
    seen = []

    def work(arguments):
        seen.append(acl.rt.set_context(arguments[0]))
        seen.append(acl.rt.synchronize_stream(0))

    run_thread(acl, work, [context])
    assert seen == [0, 0]


@pytest.mark.rules("GDE-175", "GDE-130", "RT-033")
def test_a_thread_that_creates_a_context_needs_no_set_context(acl, device):
    seen = []

    def work(_):
        context, ret = acl.rt.create_context(device)
        stream, ret_stream = acl.rt.create_stream()
        seen.extend([ret, ret_stream, acl.rt.destroy_stream(stream), acl.rt.destroy_context(context)])

    run_thread(acl, work, [])
    assert seen == [0, 0, 0, 0]


@pytest.mark.rules("UTL-032")
def test_an_exception_in_the_function_ends_only_its_thread(run_python):
    code = """
    import acl
    def fail(_):
        raise ValueError("thrown by the test")
    acl.init()
    thread, ret = acl.util.start_thread(fail, [])
    print(ret, acl.util.stop_thread(thread), acl.rt.set_device(0))
    """
    done = run_python(code)
    assert done.stdout.split() == ["0", "0", "0"]
    assert "thrown by the test" in done.stderr


@pytest.mark.rules("UTL-032", "RT-107")
@pytest.mark.parametrize("callback", ["time.sleep", "spin"])
def test_a_program_may_end_while_its_callback_thread_goes_on(run_python, callback):
    ended = run_python(
        f"""
        import time, acl
        def serve(arguments):
            acl.rt.set_context(arguments[0])
            while True:
                acl.rt.process_report(10)
        def spin(_):
            while True:
                pass
        acl.init()
        acl.rt.set_device(0)
        context, _ = acl.rt.get_context()
        stream, _ = acl.rt.create_stream()
        thread, ret = acl.util.start_thread(serve, [context])
        assert acl.rt.subscribe_report(thread, stream) == 0
        assert acl.rt.launch_callback({callback}, 1000, 1, stream) == 0
        time.sleep(0.05)
        print("end")
        """,
        timeout=30,
    )
    assert (ended.returncode, ended.stdout) == (0, "end\n"), ended.stderr
