"""Runs clang-tidy on the project's own sources: tidy.py BUILD_TREE [-j N] [FILE...].

A file whose text, headers, flags and checks did not change since it was last clean is not looked at again. The compile
commands are those of the build tree without its precompiled header, which is gcc's; so every source has to include
what it uses.
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("src", "tools", "python/src", "tests", "bench")
# Flags of gcc that clang does not know, or that need the precompiled header.
DROPPED = {"-Winvalid-pch", "-fpch-preprocess"}


def clean_command(words: list[str]) -> list[str]:
    kept: list[str] = []
    skip = False
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if skip:
            skip = False
        elif word == "-include" and "cmake_pch" in following:
            skip = True
        elif word not in DROPPED and Path(word).name != "ccache":
            kept.append(word)
    return kept


def own_entries(tree: Path) -> Iterator[dict]:
    """Compile commands of our sources, one for each file."""
    seen = set()
    for entry in json.loads((tree / "compile_commands.json").read_text()):
        path = Path(entry["file"])
        if not path.is_relative_to(ROOT) or path in seen:
            continue
        if str(path.relative_to(ROOT)).startswith(FOLDERS):
            seen.add(path)
            yield {
                "directory": entry["directory"],
                "file": entry["file"],
                "arguments": clean_command(shlex.split(entry["command"])),
            }


def headers_of(tree: Path) -> dict[str, list[str]]:
    """What ninja knows: object file -> files read while compiling it, system headers left out."""
    text = subprocess.run(
        ["ninja", "-C", tree, "-t", "deps"], capture_output=True, text=True, check=True
    ).stdout
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        if line.startswith("    "):
            if not line.strip().startswith("/usr/"):
                current.append(line.strip())
        elif ": #deps" in line:
            current = found.setdefault(line.split(":")[0], [])
    return found


def fingerprint(entry: dict, headers: dict[str, list[str]]) -> str:
    digest = hashlib.sha256((ROOT / ".clang-tidy").read_bytes() + (ROOT / "requirements.txt").read_bytes())
    digest.update(repr(entry["arguments"]).encode())
    arguments = entry["arguments"]
    output = arguments[arguments.index("-o") + 1] if "-o" in arguments else ""
    for name in [entry["file"], *headers.get(output, [])]:
        path = Path(entry["directory"], name)
        if path.suffix != ".gch" and path.is_file():
            digest.update(path.read_bytes())
    return digest.hexdigest()


def check(database: Path, source: str) -> tuple[str, float, str]:
    started = time.monotonic()
    # The one of the virtual environment: it leaves the system's headers alone, which takes half the time.
    command = [Path(sys.executable).parent / "clang-tidy", "--quiet", "-p", database, source]
    # Flags of gcc, and deprecated parts of libstdc++ that libstdc++ itself uses.
    command += ["--extra-arg=-Wno-unknown-warning-option", "--extra-arg=-Wno-ignored-optimization-argument"]
    command += ["--extra-arg=-Wno-deprecated-declarations"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    return source, time.monotonic() - started, "" if run.returncode == 0 else run.stdout + run.stderr


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tree", type=Path)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("-j", type=int, default=os.cpu_count(), dest="jobs")
    options = parser.parse_intermixed_args()

    tree = options.tree.resolve()
    stamps = tree / "tidy"
    stamps.mkdir(exist_ok=True)
    headers = headers_of(tree)
    wanted = {path.resolve() for path in options.files}
    todo = {}
    entries = [e for e in own_entries(tree) if not wanted or Path(e["file"]) in wanted]
    for entry in entries:
        stamp = stamps / fingerprint(entry, headers)
        if not stamp.exists():
            todo[entry["file"]] = stamp

    failures = 0
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "compile_commands.json").write_text(json.dumps(entries))
        with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
            for source, seconds, report in pool.map(lambda file: check(Path(folder), file), todo):
                name = Path(source).relative_to(ROOT)
                if report:
                    failures += 1
                    print(f"{name} ({seconds:.1f} s)\n{report}")
                else:
                    todo[source].touch()
    print(
        f"clang-tidy: {len(entries)} files, {len(todo)} looked at, {failures} with findings", file=sys.stderr
    )
    return 1 if failures or not entries else 0


if __name__ == "__main__":
    sys.exit(main())
