"""acl.app_log and the environment variables of logging."""

import pytest

WRITE = "import acl; acl.init(); assert acl.app_log({level}, 'a-message-of-the-program') is None"


def logged(tmp_path, done) -> str:
    """Everything that the process wrote to log files and to stdout."""
    files = [p for p in tmp_path.rglob("*") if p.is_file()]
    return done.stdout + "".join(p.read_text(errors="replace") for p in files)


@pytest.mark.rules("COM-055")
def test_a_message_goes_to_the_log_file(run_python, tmp_path):
    environment = {"ASCEND_PROCESS_LOG_PATH": str(tmp_path), "ASCEND_GLOBAL_LOG_LEVEL": "0"}
    done = run_python(WRITE.format(level=3), env=environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert "a-message-of-the-program" in logged(tmp_path, done)


@pytest.mark.rules("COM-055")
def test_a_message_goes_to_stdout_where_that_is_asked_for(run_python, tmp_path):
    environment = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "ASCEND_GLOBAL_LOG_LEVEL": "0"}
    done = run_python(WRITE.format(level=3), env=environment)
    assert "a-message-of-the-program" in done.stdout


@pytest.mark.rules("COM-056")
@pytest.mark.parametrize(("level", "name"), [(0, "DEBUG"), (1, "INFO"), (2, "WARN"), (3, "ERROR")])
def test_each_level_is_named_in_the_log(run_python, level, name):
    environment = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "ASCEND_GLOBAL_LOG_LEVEL": "0"}
    done = run_python(WRITE.format(level=level), env=environment)
    lines = [line for line in done.stdout.splitlines() if "a-message-of-the-program" in line]
    assert len(lines) == 1
    assert name in lines[0]


@pytest.mark.rules("COM-056")
@pytest.mark.parametrize(("level", "written"), [(0, False), (1, False), (2, True), (3, True)])
def test_messages_below_the_level_of_the_environment_are_left_out(run_python, level, written):
    environment = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "ASCEND_GLOBAL_LOG_LEVEL": "2"}
    done = run_python(WRITE.format(level=level), env=environment)
    assert ("a-message-of-the-program" in done.stdout) == written


@pytest.mark.rules("COM-055")
def test_percent_signs_of_a_message_are_no_format(run_python):
    environment = {"ASCEND_SLOG_PRINT_TO_STDOUT": "1", "ASCEND_GLOBAL_LOG_LEVEL": "0"}
    done = run_python("import acl; acl.init(); acl.app_log(3, '100%s %n %d')", env=environment)
    assert done.returncode == 0
    assert "100%s %n %d" in done.stdout


@pytest.mark.rules("COM-056")
@pytest.mark.parametrize("level", [-1, 4, 2**70])
def test_a_wild_level_does_no_harm(run_python, level):
    assert run_python(WRITE.format(level=level)).returncode == 0
