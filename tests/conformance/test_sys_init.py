"""acl.init and acl.finalize. Each test has processes of its own, because init works once in a process."""

import json
from pathlib import Path

import mdl_models
import pytest

PREAMBLE = "import acl\n"


@pytest.fixture
def prints(run_python):
    """prints(code, env): what the code printed, split at white space; the process must have ended well."""

    def run(code: str, **arguments) -> list[str]:
        done = run_python(PREAMBLE + code, **arguments)
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    return run


@pytest.mark.rules("SYS-001", "SYS-003", "GDE-056")
def test_init_without_argument_succeeds(prints):
    assert prints("print(acl.init())") == ["0"]


@pytest.mark.rules("SYS-003", "GDE-056")
def test_init_accepts_a_file_with_an_empty_object(prints, tmp_path):
    (tmp_path / "acl.json").write_text("{}")
    assert prints("print(acl.init('acl.json'))") == ["0"]


@pytest.mark.rules("SYS-001")
def test_init_accepts_an_absolute_path(prints, tmp_path):
    path = tmp_path / "acl.json"
    path.write_text("{ }\n")
    assert prints(f"print(acl.init({str(path)!r}))") == ["0"]


@pytest.mark.rules("SYS-001", "SYS-021")
def test_init_and_finalize_return_one_int(prints):
    assert prints("print(type(acl.init()).__name__, type(acl.finalize()).__name__)") == ["int", "int"]


@pytest.mark.rules("SYS-032")
def test_init_refuses_a_missing_file(prints):
    assert prints("print(acl.init('does-not-exist.json'))") == ["100003"]


@pytest.mark.rules("SYS-002", "SYS-032")
@pytest.mark.parametrize(
    "text", ["", "{", "[1,", '{"a":}', "no json", "{} {}", "\0\0\0", '{"a": 1,}', '\ufffe{"']
)
def test_init_refuses_text_that_is_no_json(prints, tmp_path, text):
    (tmp_path / "acl.json").write_text(text)
    assert prints("print(acl.init('acl.json'))") == ["100006"]


@pytest.mark.rules("SYS-002")
def test_init_accepts_objects_nested_ten_deep(prints, tmp_path):
    (tmp_path / "acl.json").write_text('{"a":' * 9 + "{}" + "}" * 9)
    assert prints("print(acl.init('acl.json'))") == ["0"]


@pytest.mark.rules("SYS-002")
def test_init_refuses_objects_nested_eleven_deep(prints, tmp_path):
    (tmp_path / "acl.json").write_text('{"a":' * 10 + "{}" + "}" * 10)
    assert prints("print(acl.init('acl.json') != 0)") == ["True"]


@pytest.mark.rules("SYS-002")
def test_init_accepts_arrays_nested_ten_deep(prints, tmp_path):
    (tmp_path / "acl.json").write_text('{"a":' + "[" * 10 + "]" * 10 + "}")
    assert prints("print(acl.init('acl.json'))") == ["0"]


@pytest.mark.rules("SYS-002")
def test_init_refuses_arrays_nested_eleven_deep(prints, tmp_path):
    (tmp_path / "acl.json").write_text('{"a":' + "[" * 11 + "]" * 11 + "}")
    assert prints("print(acl.init('acl.json') != 0)") == ["True"]


@pytest.mark.rules("SYS-002")
def test_init_survives_a_million_open_brackets(prints, tmp_path):
    (tmp_path / "acl.json").write_text('{"a":' + "[" * 1_000_000)
    assert prints("print(acl.init('acl.json') != 0)") == ["True"]


@pytest.mark.rules("SYS-020", "SYS-004")
def test_init_accepts_the_printed_queue_length(prints, tmp_path):
    (tmp_path / "acl.json").write_text(json.dumps({"max_opqueue_num": "10000"}))
    assert prints("print(acl.init('acl.json'))") == ["0"]


@pytest.mark.rules("SYS-020")
@pytest.mark.parametrize("value", ["0", "-1", "abc", "", "99999999999999999999"])
def test_init_refuses_a_queue_length_that_is_no_positive_number(prints, tmp_path, value):
    (tmp_path / "acl.json").write_text(json.dumps({"max_opqueue_num": value}))
    assert prints("print(acl.init('acl.json'))") == ["148048"]


@pytest.mark.rules("SYS-032")
def test_a_failed_init_may_be_repeated_with_a_good_file(prints, tmp_path):
    (tmp_path / "acl.json").write_text("{}")
    assert prints("print(acl.init('missing.json'), acl.init('acl.json'))") == ["100003", "0"]


@pytest.mark.rules("SYS-011")
def test_a_second_init_is_refused(prints):
    assert prints("print(acl.init(), acl.init())") == ["0", "100002"]


@pytest.mark.rules("SYS-012", "GDE-055")
def test_set_device_before_init_is_refused(prints):
    assert prints("print(acl.rt.set_device(0))") == ["100001"]


@pytest.mark.rules("SYS-012", "GDE-055")
@pytest.mark.parametrize(
    "call",
    [
        "acl.rt.create_context(0)[1]",
        "acl.rt.create_stream()[1]",
        "acl.rt.create_event()[1]",
        "acl.rt.malloc(64, 0)[1]",
        "acl.rt.synchronize_device()",
        "acl.rt.reset_device(0)",
    ],
)
def test_a_call_before_init_fails_and_the_process_goes_on(prints, call):
    before, init, after = prints(f"print({call} != 0); print(acl.init()); print(acl.rt.set_device(0))")
    assert (before, init, after) == ("True", "0", "0")


@pytest.mark.rules("SYS-021", "GDE-057")
def test_finalize_succeeds_after_init(prints):
    assert prints("print(acl.init(), acl.finalize())") == ["0", "0"]


@pytest.mark.rules("SYS-024")
def test_a_second_finalize_is_refused(prints):
    assert prints("acl.init(); print(acl.finalize(), acl.finalize())") == ["0", "100037"]


@pytest.mark.rules("SYS-021")
def test_finalize_releases_a_device_that_was_not_reset(prints):
    assert prints("acl.init(); acl.rt.set_device(0); print(acl.finalize())") == ["0"]


@pytest.mark.rules("SYS-021", "GDE-057")
@pytest.mark.parametrize(
    "call",
    [
        "acl.rt.set_device(0)",
        "acl.rt.create_stream()[1]",
        "acl.rt.malloc(64, 0)[1]",
        "acl.rt.synchronize_stream(0)",
    ],
)
def test_a_call_after_finalize_fails_and_the_process_goes_on(prints, call):
    assert prints(f"acl.init(); acl.rt.set_device(0); acl.finalize(); print({call} != 0, 'alive')") == [
        "True",
        "alive",
    ]


@pytest.mark.rules("SYS-021", "RT-012")
def test_a_process_that_ends_without_finalize_ends_well(prints):
    code = """
acl.init()
acl.rt.set_device(0)
stream, _ = acl.rt.create_stream()
pointer, _ = acl.rt.malloc(1 << 20, 0)
print(acl.rt.memset_async(pointer, 1 << 20, 0, 1 << 20, stream))
"""
    assert prints(code) == ["0"]


@pytest.mark.rules("RT-012")
def test_set_device_twice_without_reset_is_no_error(prints):
    assert prints("acl.init(); print(acl.rt.set_device(0), acl.rt.set_device(0), acl.finalize())") == [
        "0",
        "0",
        "0",
    ]


@pytest.mark.rules("RT-022")
def test_run_mode_is_known_before_init(prints):
    mode = 0 if prints("print(acl.get_soc_name())")[0].startswith("Ascend310B") else 1
    assert prints("print(*acl.rt.get_run_mode())") == [str(mode), "0"]


@pytest.mark.rules("GDE-042", "GDE-059", "GDE-063")
def test_the_overall_order_of_the_guide_works(prints):
    code = """
print(acl.init())
print(acl.rt.set_device(0))
context, ret = acl.rt.create_context(0); print(ret)
stream, ret = acl.rt.create_stream(); print(ret)
print(acl.rt.synchronize_stream(stream))
print(acl.rt.destroy_stream(stream))
print(acl.rt.destroy_context(context))
print(acl.rt.reset_device(0))
print(acl.finalize())
"""
    assert prints(code) == ["0"] * 9


@pytest.mark.rules("GDE-147")
def test_a_forked_child_gets_an_error_instead_of_a_hang(prints):
    code = """
import os
acl.init(); acl.rt.set_device(0)
child = os.fork()
if child == 0:
    ret = acl.rt.synchronize_device()
    os._exit(0 if ret != 0 else 1)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert prints(code) == ["0"]


@pytest.mark.rules("SYS-014")
def test_an_overflow_dump_that_is_off_needs_no_path(prints, tmp_path):
    (tmp_path / "acl.json").write_text(json.dumps({"dump": {"dump_debug": "off"}}))
    assert prints("print(acl.init('acl.json'))") == ["0"]


@pytest.mark.rules("SYS-015")
def test_an_overflow_dump_without_a_path_is_refused(prints, tmp_path):
    (tmp_path / "acl.json").write_text(json.dumps({"dump": {"dump_debug": "on"}}))
    assert prints("print(acl.init('acl.json'))") == ["100009"]


@pytest.mark.rules("SYS-016")
def test_an_overflow_dump_beside_another_dump_is_refused(prints, tmp_path):
    dump = {"dump_path": "/tmp", "dump_debug": "on", "dump_list": [{"model_name": "net"}]}
    (tmp_path / "acl.json").write_text(json.dumps({"dump": dump}))
    assert prints("print(acl.init('acl.json'))") == ["100009"]


@pytest.mark.rules("SYS-005")
@pytest.mark.parametrize("config", ["", "'empty.json'"])
def test_without_a_configuration_nothing_is_dumped(run_python, tmp_path, config):
    (tmp_path / "empty.json").write_text("{}")
    om = mdl_models.atc(mdl_models.two_by_two(tmp_path))
    code = f"""
    import sys
    sys.path.insert(0, {str(Path(mdl_models.__file__).parent)!r})
    import acl, mdl_models
    assert acl.init({config}) == 0
    acl.rt.set_device(0)
    model = mdl_models.LoadedModel(acl, {str(om)!r})
    assert model.execute() == 0
    model.close()
    assert acl.finalize() == 0
    """
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*")}
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert {path.relative_to(tmp_path) for path in tmp_path.rglob("*")} == before
