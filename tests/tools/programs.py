"""Programs that use devices until the test lets them go, and the environment that they and the commands get."""

import os
import subprocess
import sys
from pathlib import Path

# Whatever the person who runs the tests has set must not change them.
BASE = {name: value for name, value in os.environ.items() if not name.startswith(("CAIRN_", "ASCEND_"))}

PROGRAM = """
import os, sys
import acl

def check(*values):
    assert values[-1] == 0, acl.get_recent_err_msg()
    return values[0] if len(values) > 1 else None

check(acl.init())
{body}
print("ready", flush=True)
{after}
sys.stdin.readline()
{end}
"""


class Program:
    """A Python program that uses Cairn; it has done `body` when it exists here, and ends with `finish` or `kill`."""

    def __init__(self, body: str, environment: dict[str, str], after: str = "", end: str = "") -> None:
        code = PROGRAM.format(body=body, after=after, end=end)
        self.process = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        self.pid = self.process.pid
        line = self.process.stdout.readline()
        assert line == "ready\n", self.process.communicate(timeout=60)[1]

    def finish(self) -> str:
        """Lets it go on to its end; gives the rest of its output."""
        out, err = self.process.communicate("\n", timeout=60)
        assert self.process.returncode == 0, err
        return out

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=60)


def environment(registry: Path, **variables: str) -> dict[str, str]:
    return {**BASE, "CAIRN_REGISTRY": str(registry), **variables}
