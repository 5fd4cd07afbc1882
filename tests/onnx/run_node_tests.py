"""The node tests of the `onnx` package through atc and acl.mdl: prints the share that passes, which must not fall.

not_passed.txt lists the cases that do not pass, with the stage that fails. A case that is not in it and fails is an
error; `--update` writes the list anew. Sequences, optionals and texts, which AscendCL cannot carry, count as failed.
"""

import argparse
import json
import os
import queue
import select
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

HERE = Path(__file__).parent
LIST = HERE / "not_passed.txt"
SECONDS_PER_CASE = 60


class Worker:
    """A process that runs cases; another one takes its place when it crashes or hangs."""

    def __init__(self) -> None:
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, HERE / "case_worker.py"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self.names = json.loads(self.process.stdout.readline())

    def run(self, index: int) -> dict:
        self.process.stdin.write(f"{index}\n")
        ready, _, _ = select.select([self.process.stdout], [], [], SECONDS_PER_CASE)
        line = self.process.stdout.readline() if ready else ""
        if line:
            return json.loads(line)
        self.process.kill()
        result = {
            "name": self.names[index],
            "result": "crash" if ready else "hang",
            "why": f"exit code {self.process.wait()}",
        }
        self.start()
        return result

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def run_all(processes: int, wanted: list[str]) -> list[dict]:
    todo: queue.Queue[int] = queue.Queue()
    results: list[dict] = []

    def work(worker: Worker) -> None:
        while True:
            try:
                results.append(worker.run(todo.get_nowait()))
            except queue.Empty:
                return worker.close()

    workers = [Worker() for _ in range(processes)]
    for index, name in enumerate(workers[0].names):
        if not wanted or name in wanted:
            todo.put(index)
    threads = [threading.Thread(target=work, args=[worker]) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results, key=lambda result: result["name"])


def read_list() -> dict[str, str]:
    lines = [line.split() for line in LIST.read_text().splitlines() if line and not line.startswith("#")]
    return {name: stage for stage, name in lines}


def write_list(failed: dict[str, str]) -> None:
    head = "# Node tests of the onnx package that do not pass, and the stage that fails. Written by run_node_tests.py --update.\n"
    LIST.write_text(
        head + "".join(f"{stage} {name}\n" for name, stage in sorted(failed.items(), key=lambda e: e[::-1]))
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only these cases, and why they fail")
    parser.add_argument("--update", action="store_true", help="write the list of cases that do not pass")
    parser.add_argument("--results", type=Path, help="write all results as JSON")
    parser.add_argument("-j", type=int, default=os.cpu_count(), help="processes")
    arguments = parser.parse_args()
    results = run_all(arguments.j, arguments.names)
    if arguments.results:
        arguments.results.write_text(json.dumps(results, indent=1))
    failed = {each["name"]: each["result"] for each in results if each["result"] != "passed"}
    if arguments.names:
        for each in results:
            print(each["name"], each["result"], each["why"])
        return len(failed) > 0
    if arguments.update:
        write_list(failed)
    known = read_list()
    passed = len(results) - len(failed)
    print(
        f"{passed} of {len(results)} node tests of onnx pass ({passed / len(results):.1%}); {len(results) - len(known)} are required"
    )
    print(
        "the others:",
        ", ".join(f"{count} {stage}" for stage, count in Counter(failed.values()).most_common()),
    )
    for name in sorted(known.keys() - failed.keys()):
        print(f"passes now, run with --update: {name}")
    broken = [each for each in results if each["name"] in failed.keys() - known.keys()]
    for each in broken:
        print(f"FAILED {each['name']} ({each['result']}): {each['why']}")
    return len(broken) > 0


if __name__ == "__main__":
    sys.exit(main())
