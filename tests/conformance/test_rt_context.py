"""Contexts: explicit and default, current per thread, shared between threads."""

import threading

import pytest
from constants import HANDLE_FAULTS, RT_CONTEXT_NULL, RT_INVALID_DEVICEID


def in_thread(function) -> list:
    results: list = []
    thread = threading.Thread(target=lambda: results.extend(function()))
    thread.start()
    thread.join()
    return results


@pytest.mark.rules("RT-026")
def test_create_context_returns_a_handle_and_success(acl, device):
    context, ret = acl.rt.create_context(device)
    assert isinstance(context, int)
    assert (context != 0, ret) == (True, 0)
    assert acl.rt.destroy_context(context) == 0


@pytest.mark.rules("RT-026", "RT-011")
@pytest.mark.parametrize("number", [-1, 99, 2**33])
def test_create_context_refuses_a_device_that_does_not_exist(acl, device, number):
    assert acl.rt.create_context(number)[1] == RT_INVALID_DEVICEID


@pytest.mark.rules("RT-039", "RT-033", "GDE-030", "GDE-128")
def test_a_new_context_is_the_current_one(acl, device):
    context, _ = acl.rt.create_context(device)
    assert acl.rt.get_context() == (context, 0)
    acl.rt.destroy_context(context)


@pytest.mark.rules("GDE-030", "GDE-023")
def test_of_several_new_contexts_the_last_is_current(acl, device):
    contexts = [acl.rt.create_context(device)[0] for _ in range(3)]
    assert len(set(contexts)) == 3
    assert acl.rt.get_context()[0] == contexts[2]
    for context in contexts:
        assert acl.rt.destroy_context(context) == 0


@pytest.mark.rules("RT-032", "RT-035", "RT-039", "GDE-024")
def test_of_several_set_context_calls_the_last_wins(acl, device):
    first, second = (acl.rt.create_context(device)[0] for _ in range(2))
    for context in (first, second, first):
        assert acl.rt.set_context(context) == 0
    assert acl.rt.get_context() == (first, 0)
    acl.rt.destroy_context(first)
    acl.rt.destroy_context(second)


@pytest.mark.rules("RT-030", "RT-031", "GDE-150")
def test_a_destroyed_context_is_refused(acl, device):
    context, _ = acl.rt.create_context(device)
    assert acl.rt.destroy_context(context) == 0
    assert acl.rt.destroy_context(context) in HANDLE_FAULTS
    assert acl.rt.set_context(context) in HANDLE_FAULTS


@pytest.mark.rules("RT-031")
def test_a_context_of_get_context_may_be_destroyed(acl, device):
    acl.rt.create_context(device)
    context, _ = acl.rt.get_context()
    assert acl.rt.destroy_context(context) == 0


@pytest.mark.rules("RT-031", "RT-034", "GDE-006", "GDE-036")
def test_the_default_context_cannot_be_destroyed(acl, device):
    default, ret = acl.rt.get_context()
    assert ret == 0
    assert acl.rt.destroy_context(default) != 0
    assert acl.rt.synchronize_stream(0) == 0


@pytest.mark.rules("GDE-036", "GDE-037", "RT-034")
def test_get_and_set_context_work_on_the_default_context(acl, device):
    default, _ = acl.rt.get_context()
    explicit, _ = acl.rt.create_context(device)
    assert acl.rt.set_context(default) == 0
    assert acl.rt.get_context() == (default, 0)
    acl.rt.destroy_context(explicit)


@pytest.mark.rules("GDE-037", "GDE-029")
def test_another_thread_may_take_the_default_context(acl, device):
    default, _ = acl.rt.get_context()
    assert in_thread(lambda: [acl.rt.set_context(default), acl.rt.synchronize_stream(0)]) == [0, 0]


@pytest.mark.rules("RT-038", "RT-194")
@pytest.mark.parametrize("handle", [0, 1, -1, 0xDEADBEEF, 2**63, 2**64 - 1, 2**100])
@pytest.mark.parametrize("function", ["set_context", "destroy_context"])
def test_a_forged_context_is_refused(acl, device, function, handle):
    assert getattr(acl.rt, function)(handle) in HANDLE_FAULTS


@pytest.mark.rules("RT-194")
def test_a_stream_is_no_context(acl, stream):
    assert acl.rt.set_context(stream) in HANDLE_FAULTS
    assert acl.rt.destroy_context(stream) in HANDLE_FAULTS
    assert acl.rt.synchronize_stream(stream) == 0


@pytest.mark.rules("GDE-029", "RT-190")
def test_a_thread_without_context_gets_the_documented_code(acl, context):
    calls = [
        lambda: acl.rt.create_stream()[1],
        lambda: acl.rt.create_event()[1],
        lambda: acl.rt.synchronize_stream(0),
        acl.rt.synchronize_device,
        lambda: acl.rt.get_context()[1],
        lambda: acl.rt.malloc(64, 0)[1],
    ]
    assert in_thread(lambda: [call() for call in calls]) == [RT_CONTEXT_NULL] * len(calls)


@pytest.mark.rules("GDE-024", "RT-037")
def test_contexts_are_shared_between_threads(acl, context, stream, device_memory):
    memory = device_memory(64)

    def work() -> list[int]:
        return [
            acl.rt.set_context(context),
            acl.rt.memset_async(memory, 64, 3, 64, stream),
            acl.rt.synchronize_stream(stream),
        ]

    assert in_thread(work) == [0, 0, 0]


@pytest.mark.rules("GDE-024")
def test_set_context_in_one_thread_leaves_others_alone(acl, context):
    def work() -> list[int]:
        other, _ = acl.rt.create_context(0)
        return [other, acl.rt.get_context()[0]]

    other, current = in_thread(work)
    assert other == current
    assert acl.rt.get_context()[0] == context
    acl.rt.destroy_context(other)


@pytest.mark.rules("GDE-003", "GDE-028")
def test_a_stream_is_unusable_when_its_context_is_gone(acl, device):
    default, _ = acl.rt.get_context()
    context, _ = acl.rt.create_context(device)
    stream, _ = acl.rt.create_stream()
    assert acl.rt.destroy_context(context) == 0
    assert acl.rt.set_context(default) == 0
    assert acl.rt.synchronize_stream(stream) in HANDLE_FAULTS


@pytest.mark.rules("GDE-022")
def test_an_explicit_context_outlives_the_thread_that_made_it(acl, device):
    (context,) = in_thread(lambda: [acl.rt.create_context(device)[0]])
    assert acl.rt.set_context(context) == 0
    assert acl.rt.synchronize_stream(0) == 0
    assert acl.rt.destroy_context(context) == 0


@pytest.mark.rules("RT-030", "RT-190")
def test_a_thread_has_no_context_after_destroying_its_own(acl, device):
    def work() -> list[int]:
        context, _ = acl.rt.create_context(device)
        return [acl.rt.destroy_context(context), acl.rt.create_stream()[1]]

    assert in_thread(work) == [0, RT_CONTEXT_NULL]


@pytest.mark.rules("GDE-139", "GDE-003", "GDE-176")
def test_a_context_may_be_destroyed_before_its_streams(acl, device):
    context, _ = acl.rt.create_context(device)
    stream, _ = acl.rt.create_stream()
    assert acl.rt.synchronize_device() == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.destroy_context(context) == 0


@pytest.mark.rules("RT-041", "GDE-026")
def test_each_context_has_a_default_stream_of_its_own(acl, context, device_memory, gate):
    memory = device_memory(64)
    gate.close(0)
    assert acl.rt.memset_async(memory, 64, 1, 64, 0) == 0
    assert acl.rt.synchronize_stream_with_timeout(0, 50) != 0
    other, _ = acl.rt.create_context(0)
    assert acl.rt.synchronize_stream(0) == 0
    assert acl.rt.destroy_context(other) == 0
    assert acl.rt.set_context(context) == 0


@pytest.mark.rules("RT-036")
def test_a_context_of_a_reset_device_is_refused(run_python):
    code = """
    import acl
    acl.init()
    acl.rt.set_device(0)
    default, _ = acl.rt.get_context()
    acl.rt.reset_device(0)
    print(acl.rt.set_context(default) != 0)
    """
    assert run_python(code).stdout.split() == ["True"]


@pytest.mark.rules("GDE-004", "RT-052")
def test_a_stream_of_another_context_is_refused(acl, device):
    first, _ = acl.rt.create_context(device)
    stream, _ = acl.rt.create_stream()
    second, _ = acl.rt.create_context(device)
    assert acl.rt.destroy_stream(stream) == 107003
    assert acl.rt.destroy_stream_force(stream) == 107003
    assert acl.rt.set_context(first) == 0
    assert acl.rt.destroy_stream(stream) == 0
    for context in (first, second):
        acl.rt.destroy_context(context)


@pytest.mark.rules("GDE-004")
def test_an_event_of_another_context_cannot_be_waited_for(acl, device):
    first, _ = acl.rt.create_context(device)
    event, _ = acl.rt.create_event()
    assert acl.rt.record_event(event, 0) == 0
    second, _ = acl.rt.create_context(device)
    assert acl.rt.stream_wait_event(0, event) != 0
    acl.rt.set_context(first)
    assert acl.rt.destroy_event(event) == 0
    for context in (first, second):
        acl.rt.destroy_context(context)
