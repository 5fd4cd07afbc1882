"""Opens a model in Netron with headless Chromium, looks for its layers in the page, and keeps a screenshot.

    netron_check.py [--model NET.om] [--layer NAME]... [--image PICTURE.png]

The layers looked for are those of the demo's network unless others are named. Nothing outside this machine is asked.
"""

import argparse
import base64
import datetime
import http.server
import json
import logging
import os
import re
import shlex
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path

import netron

ROOT = Path(__file__).resolve().parent.parent
WINDOW = "1400,1000"
# Netron lays the graph out in a worker and shows it at the end.
DRAWN = """
(() => { const node = document.querySelector("#nodes .node");
         return Boolean(node) && node.style.opacity !== "0" && !document.body.classList.contains("spinner"); })()
"""


class Front(http.server.BaseHTTPRequestHandler):
    """Netron's pages without its two questions: cookies, and the age of its release."""

    netron_address = ""

    def do_GET(self) -> None:
        try:
            with urllib.request.urlopen(self.netron_address + self.path) as answer:
                status, kind, body = answer.status, answer.headers["Content-Type"], answer.read()
        except urllib.error.HTTPError as error:
            status, kind, body = error.code, "text/plain", b""
        if self.path == "/":
            today = datetime.datetime.now().strftime("%Y-%m-%d %H:%M:%S").encode()
            body = re.sub(rb'(<meta name="date" content=")[^"]*', rb"\g<1>" + today, body)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "consent=1; Path=/")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


class Chromium:
    """A headless Chromium with one page, driven by the DevTools protocol over a pair of pipes."""

    def __init__(self, profile: str) -> None:
        command = ["chromium", "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
        command += ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--remote-debugging-pipe"]
        command += [f"--user-data-dir={profile}", f"--window-size={WINDOW}"]
        their_in, self.requests = os.pipe()
        self.answers, their_out = os.pipe()
        # The protocol's pipes are descriptors 3 and 4 of the browser.
        shell = f"exec {shlex.join(command)} 3<&{their_in} 4>&{their_out}"
        self.process = subprocess.Popen(
            ["bash", "-c", shell], pass_fds=(their_in, their_out), stderr=subprocess.DEVNULL
        )
        os.close(their_in)
        os.close(their_out)
        self.buffer = b""
        self.number = 0
        self.session = ""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]

    def call(self, method: str, **parameters: object) -> dict:
        self.number += 1
        message: dict = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.requests, json.dumps(message).encode() + b"\0")
        while True:
            while b"\0" not in self.buffer:
                received = os.read(self.answers, 1 << 16)
                if not received:
                    raise RuntimeError("chromium ended")
                self.buffer += received
            text, self.buffer = self.buffer.split(b"\0", 1)
            answer = json.loads(text)
            if answer.get("id") == self.number:  # The rest are events.
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def evaluate(self, script: str) -> object:
        return self.call("Runtime.evaluate", expression=script)["result"].get("value")

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(timeout=30)


def look(url: str, image: Path) -> str:
    """The page's source once the graph is drawn; its picture goes to `image`."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Chromium(profile)
        try:
            browser.call("Page.navigate", url=url)
            deadline = time.monotonic() + 60
            while not browser.evaluate(DRAWN) and time.monotonic() < deadline:
                time.sleep(0.2)
            time.sleep(0.5)
            picture = browser.call("Page.captureScreenshot", format="png")["data"]
            image.parent.mkdir(parents=True, exist_ok=True)
            image.write_bytes(base64.b64decode(picture))
            return str(browser.evaluate("document.documentElement.outerHTML"))
        finally:
            browser.close()


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", type=Path, default=ROOT / "build/demo/efficientnet_lite0.om")
    parser.add_argument("--layer", action="append", help="a name or type that the page has to show")
    parser.add_argument("--image", type=Path, default=ROOT / "docs/images/netron.png")
    options = parser.parse_args()
    if not options.model.is_file():
        sys.exit(f"{options.model} is not there: run ./dev demo first, or name a model with --model")
    layers = options.layer or ["stem", "block0", "head", "Conv"]

    logging.getLogger("netron").setLevel(logging.ERROR)
    host, port = netron.serve(str(options.model), None, address=("127.0.0.1", 0))
    Front.netron_address = f"http://{host}:{port}"
    front = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Front)
    threading.Thread(target=front.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{front.server_port}/"
    try:
        page = look(url, options.image)
    finally:
        front.shutdown()
        netron.stop((host, port))

    graph = page[page.find('<svg id="canvas"') :] if '<svg id="canvas"' in page else ""
    missing = [layer for layer in layers if layer not in graph]
    nodes = graph.count('class="node graph-node"')
    print(f"{options.model.name}: {nodes} nodes in the page; screenshot in {options.image}")
    if missing or not nodes:
        print(f"not in the page: {', '.join(missing) or 'any node'}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
