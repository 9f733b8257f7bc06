"""Lambda on this machine: a front that takes HTTP, and one container for each sandbox that serves it.

A sandbox has the share of processors and the memory of a function of that size, a read-only file system and a /tmp of
its own. It serves one request at a time; when all are busy, another starts cold, and idle ones are taken again. The
runtime in it is the client that AWS runs, which fetches its requests here:
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html

What this does not show: microVMs, networks of AWS, and the processors that AWS lends a function while it starts.
"""

from __future__ import annotations

import argparse
import json
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from deploy.command import Failed
from deploy.standin import events

#: So much memory comes with one processor.
#: https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
MB_PER_PROCESSOR = 1769
_API = "/2018-06-01/runtime"
_INIT_LIMIT_S = 60.0


@dataclass(frozen=True)
class Function:
    """What runs in the sandboxes.

    Parameters
    ----------
    code : the unpacked package.
    runtime : Lambda's name of a Python.
    handler : module.function.
    memory_mb, timeout_s : as they are set at Lambda.
    environment : variables of the function.
    gateway : what is in front: "rest", "http" or "url".
    sandboxes : at most so many at once; beyond, requests are turned away as Lambda does.
    """

    code: Path
    runtime: str = "python3.13"
    handler: str = "handler.lambda_handler"
    memory_mb: int = MB_PER_PROCESSOR
    timeout_s: float = 29.0
    environment: Mapping[str, str] = field(default_factory=dict)
    gateway: str = "http"
    sandboxes: int = 10

    @property
    def image(self) -> str:
        """The image of Lambda's runtime."""
        return f"amazon/aws-lambda-python:{self.runtime.removeprefix('python')}"


@dataclass(frozen=True)
class Outcome:
    """One call of the function, as Lambda's REPORT line tells it.

    Parameters
    ----------
    returned : what the function returned; None where it failed.
    error : why it failed.
    duration_ms : of the call; a cold start is not in it.
    init_ms : of a cold start, from the start of the process; 0 where the sandbox was warm.
    start_ms : the same with the making of the container.
    memory_mb : the most that the sandbox has used so far, resident.
    sandbox : which one it was.
    """

    returned: Any
    error: str
    duration_ms: float
    init_ms: float
    start_ms: float
    memory_mb: float
    sandbox: str


class Sandbox:
    """A container with the runtime's client, and the Runtime API that it asks."""

    def __init__(self, function: Function, *, prefix: str) -> None:
        self.name = f"{prefix}{uuid.uuid4().hex[:10]}"
        self.calls = 0
        self.function = function
        self._waiting: queue.Queue[tuple[str, bytes]] = queue.Queue()
        self._answers: queue.Queue[tuple[str, Any]] = queue.Queue()
        self._asked = threading.Event()
        self._server = _server(_runtime_api(self), port=0)
        self._made_at = time.time()
        self._ready_at = 0.0
        self._started_at = 0.0
        self._process = 0
        self._run()

    def call(self, event: Any) -> Outcome:
        """Have the function called, and wait for what it returns."""
        cold = self.calls == 0
        self.calls += 1
        if cold and not self._wait_for_init():
            return self._outcome(None, self._why_not_started(), 0.0, cold=True)
        began = time.perf_counter()
        self._waiting.put((str(uuid.uuid4()), json.dumps(event).encode()))
        kind, returned = self._answer(began + self.function.timeout_s)
        took = (time.perf_counter() - began) * 1000
        if kind == "response":
            return self._outcome(returned, "", took, cold=cold)
        return self._outcome(None, f"{kind}: {returned}", took, cold=cold)

    def remove(self) -> None:
        """Take it away."""
        self._server.shutdown()
        self._server.server_close()
        subprocess.run(["docker", "rm", "-f", self.name], capture_output=True, check=False)

    def alive(self) -> bool:
        """Whether its process still runs."""
        return Path(f"/proc/{self._process}").exists() if self._process else True

    def _run(self) -> None:
        function = self.function
        settings = {
            **function.environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self._server.server_address[1]}",
            "AWS_LAMBDA_FUNCTION_NAME": "stand-in",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_REGION": "us-east-1",
        }
        limits = ["--cpus", f"{function.memory_mb / MB_PER_PROCESSOR:.3f}", "--memory", f"{function.memory_mb}m"]
        limits += ["--memory-swap", f"{function.memory_mb}m", "--read-only", "--tmpfs", "/tmp:rw,size=512m"]  # noqa: S108
        command = ["docker", "run", "-d", "--name", self.name, "--network", "host", "--user", "993:990", *limits]
        command += [part for name, value in settings.items() for part in ("-e", f"{name}={value}")]
        command += ["-v", f"{function.code}:/var/task:ro", function.image, function.handler]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            self.remove()
            raise Failed(f"no sandbox of {function.image}: {done.stderr.strip()[-300:]}")

    def _wait_for_init(self) -> bool:
        """Whether the runtime asked for its first request; also finds out when its process began."""
        shown = _output(["docker", "inspect", "-f", "{{.State.StartedAt}} {{.State.Pid}}", self.name])
        started, _, process = shown.partition(" ")
        self._process = int(process)
        # nanoseconds are more than Python's dates hold
        self._started_at = datetime.fromisoformat(started[:26] + "+00:00").timestamp()
        ended = time.monotonic() + _INIT_LIMIT_S
        while time.monotonic() < ended and not self._asked.wait(0.05):
            if not self._answers.empty() or (not self.alive() and not self._asked.is_set()):
                return False
        return self._asked.is_set()

    def _why_not_started(self) -> str:
        if not self._answers.empty():
            return f"init: {self._answers.get()[1]}"
        return f"init: Runtime exited: {_output(['docker', 'logs', '--tail', '3', self.name])}"

    def _answer(self, deadline: float) -> tuple[str, Any]:
        while (left := deadline - time.perf_counter()) > 0:
            try:
                return self._answers.get(timeout=min(left, 0.2))
            except queue.Empty:
                if not self.alive():
                    return "Runtime exited", "out of memory, or ended by itself"
        return "Task timed out", f"after {self.function.timeout_s:.2f} seconds"

    def _outcome(self, returned: Any, error: str, took_ms: float, *, cold: bool) -> Outcome:
        init = (self._ready_at - self._started_at) * 1000 if cold and self._ready_at else 0.0
        start = (self._ready_at - self._made_at) * 1000 if cold and self._ready_at else 0.0
        return Outcome(returned, error, took_ms, init, start, self._memory_mb(), self.name)

    def _memory_mb(self) -> float:
        """The peak of the process's resident memory (VmHWM, proc(5)); 0 when it is gone."""
        try:
            status = Path(f"/proc/{self._process}/status").read_text("utf-8")
        except OSError:
            return 0.0
        return next((int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")), 0.0)

    # what the Runtime API does

    def next_request(self) -> tuple[str, bytes]:
        """Block until there is a request; the first question ends the start."""
        if not self._asked.is_set():
            self._ready_at = time.time()
            self._asked.set()
        return self._waiting.get()

    def take(self, kind: str, body: bytes) -> None:
        """An answer has come: a response or an error."""
        text = json.loads(body or b"null")
        if kind == "response":
            self._answers.put((kind, text))
        else:
            self._answers.put(("error", f"{text.get('errorType')}: {text.get('errorMessage')}"))


class Service:
    """The front, and its sandboxes."""

    def __init__(self, function: Function, *, port: int = 0, prefix: str = "loopgenie-sandbox-") -> None:
        self.outcomes: list[Outcome] = []
        self._function, self._prefix = function, prefix
        self._lock = threading.Lock()
        self._all: list[Sandbox] = []
        self._idle: list[Sandbox] = []
        self._starting = 0
        self._closed = False
        self._server = _server(_front(self, function.gateway), port=port)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def call(self, event: Any) -> Outcome | None:
        """Have an event served by an idle sandbox or a new one; None when there may be no more of them."""
        sandbox = self._take()
        if sandbox is None:
            return None
        outcome = sandbox.call(event)
        with self._lock:
            self.outcomes.append(outcome)
            # a sandbox whose runtime ended or ran out of time, or whose code is old, is not used again
            ended = bool(outcome.error) and not outcome.error.startswith("error:")
            gone = ended or sandbox.function is not self._function
            if not gone:
                self._idle.append(sandbox)
            elif sandbox in self._all:
                self._all.remove(sandbox)
        if gone:
            sandbox.remove()
        return outcome

    def update(self, function: Function) -> None:
        """Run another version: requests in flight end where they are, all later ones get new sandboxes."""
        with self._lock:
            self._function = function
            gone, self._idle = self._idle, []
            for sandbox in gone:
                self._all.remove(sandbox)
        for sandbox in gone:
            sandbox.remove()

    def forget(self) -> None:
        """Take all sandboxes away: the next request starts cold."""
        with self._lock:
            gone, self._all, self._idle = self._all, [], []
        for sandbox in gone:
            sandbox.remove()

    def sandboxes(self) -> list[str]:
        """The names of those there are, busy and idle."""
        with self._lock:
            return [one.name for one in self._all]

    def close(self) -> None:
        """End it; no sandbox is left, not even one that was still starting."""
        with self._lock:
            self._closed = True
        self._server.shutdown()
        self._server.server_close()
        ended = time.monotonic() + _INIT_LIMIT_S
        while self._starting and time.monotonic() < ended:
            time.sleep(0.05)
        self.forget()

    def _take(self) -> Sandbox | None:
        with self._lock:
            while self._idle:
                sandbox = self._idle.pop()  # the one used last, as Lambda prefers
                if sandbox.alive():
                    return sandbox
                self._all.remove(sandbox)
                threading.Thread(target=sandbox.remove, daemon=True).start()
            if self._closed or len(self._all) + self._starting >= self._function.sandboxes:
                return None
            self._starting += 1
            function = self._function
        made = None
        try:
            made = Sandbox(function, prefix=self._prefix)  # without the lock: others do not wait for its start
        finally:
            with self._lock:
                self._starting -= 1
                self._all += [made] if made else []
        return made


@contextmanager
def serving(function: Function, *, port: int = 0, prefix: str = "loopgenie-sandbox-") -> Iterator[Service]:
    """Run a function as long as the block lasts; `url` of what is given is where it answers.

    Raises
    ------
    Failed : there is no engine, or it has not the runtime's image.
    """
    service = Service(function, port=port, prefix=prefix)
    try:
        yield service
    finally:
        service.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # with the usual 5, of ten that come at once some would wait a second for the kernel


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else every call costs 40 ms: two small packets, and a delayed acknowledgement

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the service keeps its own record."""

    def body(self) -> bytes:
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def send(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


def _runtime_api(sandbox: Sandbox) -> type[_Handler]:
    class RuntimeApi(_Handler):
        def do_GET(self) -> None:
            request, event = sandbox.next_request()
            deadline = int((time.time() + sandbox.function.timeout_s) * 1000)
            known = {
                # without it the client crashes
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request,
                "Lambda-Runtime-Deadline-Ms": str(deadline),
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:us-east-1:123456789012:function:stand-in",
            }
            self.send(200, known, event)

        def do_POST(self) -> None:
            sandbox.take("response" if self.path.endswith("/response") else "error", self.body())
            self.send(202, {"Content-Type": "application/json"}, b'{"status": "OK"}')

    return RuntimeApi


def _front(service: Service, gateway: str) -> type[_Handler]:
    class Front(_Handler):
        def serve(self) -> None:
            request = events.Request(self.command, self.path, self.body(), dict(self.headers.items()))
            outcome = service.call(events.KINDS[gateway](request))
            if outcome is None:
                self.send(429, {"Content-Type": "application/json"}, b'{"message": "Too Many Requests"}')
                return
            answer = events.answer(outcome.returned)
            told = {
                "x-standin-init-ms": f"{outcome.init_ms:.1f}",
                "x-standin-start-ms": f"{outcome.start_ms:.1f}",
                "x-standin-duration-ms": f"{outcome.duration_ms:.1f}",
                "x-standin-memory-mb": f"{outcome.memory_mb:.0f}",
                "x-standin-sandbox": outcome.sandbox,
            }
            self.send(answer.status, {**answer.headers, **told}, answer.body)

        do_GET = do_POST = do_HEAD = do_OPTIONS = do_PUT = do_DELETE = do_PATCH = serve  # noqa: N815

    return Front


def _server(handler: type[_Handler], *, port: int) -> ThreadingHTTPServer:
    server = _Server(("127.0.0.1", port), handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    return server


def _output(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return (done.stdout + done.stderr).strip()


def main(argv: list[str] | None = None) -> int:
    """Serve a package until it is told to stop."""
    parser = argparse.ArgumentParser(prog="python -m deploy.standin.lambda_service", description=__doc__)
    parser.add_argument("package", type=Path, help="zip made by python -m deploy.lambda.deploy package")
    parser.add_argument("--port", type=int, default=8090)
    parser.add_argument("--runtime", default="python3.13")
    parser.add_argument("--handler", default="handler.lambda_handler")
    parser.add_argument("--memory-mb", type=int, default=MB_PER_PROCESSOR)
    parser.add_argument("--gateway", choices=events.KINDS, default="http")
    parser.add_argument("--sandboxes", type=int, default=10)
    given = parser.parse_args(argv)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with tempfile.TemporaryDirectory(prefix="loopgenie-task-") as folder, zipfile.ZipFile(given.package) as archive:
        archive.extractall(folder)
        Path(folder).chmod(0o755)
        function = Function(
            Path(folder),
            runtime=given.runtime,
            handler=given.handler,
            memory_mb=given.memory_mb,
            environment={"INSTANTIATE_LAMBDA_HANDLER_ON_IMPORT": "1", "LOOPGENIE_SEARCHES_AT_ONCE": "1"},
            gateway=given.gateway,
            sandboxes=given.sandboxes,
        )
        with serving(function, port=given.port) as service:
            print(service.url, flush=True)
            stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
