"""CAIRN_CHECK=leak."""

import pytest

OBJECTS = {
    "device memory": ("ok(acl.rt.malloc(64, 0))", "acl.rt.free"),
    "host memory": ("ok(acl.rt.malloc_host(64))", "acl.rt.free_host"),
    "data buffer": ("acl.create_data_buffer(0, 0)", "acl.destroy_data_buffer"),
    "tensor description": ("acl.create_tensor_desc(0, [1], 2)", "acl.destroy_tensor_desc"),
    "dataset": ("acl.mdl.create_dataset()", "acl.mdl.destroy_dataset"),
    "AIPP parameters": ("acl.mdl.create_aipp(1)", "acl.mdl.destroy_aipp"),
    "event": ("ok(acl.rt.create_event())", "acl.rt.destroy_event"),
}


@pytest.mark.parametrize("name", OBJECTS)
def test_what_is_left_over_at_finalize(find_fault, name):
    make, destroy = OBJECTS[name]
    found = find_fault(
        f"""
        def make():
            return {make}
        start()
        thing = make()
        if not FAULT:
            {destroy}(thing)
        end()
        """,
        "leak",
    )
    assert name in found["title"]
    assert "was not freed" in found["title"] or "was not destroyed" in found["title"]
    assert found["places"][0]["stack"][0].endswith("in make")


def test_what_one_line_made_is_one_finding(check):
    run = check(
        """
        start()
        for _ in range(10):
            ok(acl.rt.malloc(100, 0))
        end()
        """,
        "leak",
    )
    assert len(run.findings) == 1
    assert run.findings[0]["object"] == "10 allocations of 1000 bytes together"
    assert run.findings[0]["title"] == "device memory was not freed when the device was reset"


def test_a_process_that_ends_without_finalize(check):
    run = check(
        """
        start()
        stream = ok(acl.rt.create_stream())
        context = ok(acl.rt.create_context(0))
        """,
        "leak",
    )
    assert sorted(run.titles()) == [
        "a context was not destroyed when the process ended",
        "a stream was not destroyed when the process ended",
    ]


def test_what_finalize_found_is_not_told_again_at_the_end(check):
    run = check(
        """
        start()
        acl.create_data_buffer(0, 0)
        end()
        """,
        "leak",
    )
    assert len(run.findings) == 1
    assert run.summary["repeats"] == {}


def test_a_forked_child_reports_nothing_of_its_parent(check):
    run = check(
        """
        import os
        ok(acl.init())
        buffer = acl.create_data_buffer(0, 0)
        child = os.fork()
        if child == 0:
            sys.exit(0)
        assert os.waitpid(child, 0)[1] == 0
        acl.destroy_data_buffer(buffer)
        ok(acl.finalize())
        """,
        "leak",
    )
    assert run.findings == [], run.stderr


def test_the_exit_code_can_be_made_to_fail(check):
    code = """
        start()
        if FAULT:
            acl.create_data_buffer(0, 0)
        print("printed")
        end()
        """
    assert check(code, "leak").returncode == 0
    assert check(code, "leak", fault=False, CAIRN_CHECK_EXIT="1").returncode == 0
    run = check(code, "leak", CAIRN_CHECK_EXIT="1")
    assert run.returncode == 1
    assert run.stdout == "printed\n"
    own = check("sys.exit(7)", "leak", CAIRN_CHECK_EXIT="1")
    assert own.returncode == 7
