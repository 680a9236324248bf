"""Programs of a benchmark: servers on one core, the load on another, and what they cost.

Ends only what it started. Linux: /proc and sched_setaffinity.
"""
import contextlib
import json
import os
import re
import resource
import selectors
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

LISTENING = re.compile(r"listening on (?:(\S+)://)?127\.0\.0\.1:(\d+)")
START_SECONDS = 10


class BenchError(Exception):
    pass


def pinned(core):
    """What a child does before it becomes its program: one core (or a set of them, or None: any), as many
    descriptors as allowed."""
    def prepare():
        if core is not None:
            os.sched_setaffinity(0, {core} if isinstance(core, int) else core)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return prepare


class Server:
    """A running server; `ports` by protocol, "" where the program names none. `ready_ms` is from the start of the
    process to its last line that says where it listens."""

    def __init__(self, name, command, core, protocols=1, port=None):
        self.name = name
        began = time.monotonic()
        # What runs between fork and exec makes Python copy itself first: 11 ms that are not the server's.
        self.process = subprocess.Popen([str(word) for word in command], stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, preexec_fn=pinned(core) if core is not None else None)
        try:
            self.ports = {"": port} if port else self._read_ports(protocols)
            self.ready_ms = (time.monotonic() - began) * 1000
            self._wait_for(next(iter(self.ports.values())))
        except BaseException:
            self.end()
            raise

    def _read_ports(self, count):
        said = b""
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while said.count(b"\n") < count:
                piece = os.read(self.process.stdout.fileno(), 4096) if selector.select(START_SECONDS) else b""
                if not piece:
                    raise BenchError(f"{self.name} does not say where it listens, but {said!r}")
                said += piece
        return {found[1] or "": int(found[2]) for found in LISTENING.finditer(said.decode())}

    def _wait_for(self, port):
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                with socket.create_connection(("127.0.0.1", port), 1) as connection:
                    # Where nobody listens yet a client's port may be this very one.
                    if connection.getsockname() == connection.getpeername():
                        raise ConnectionRefusedError("nobody but ourselves")
                return
            except OSError as error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    raise BenchError(f"{self.name} does not accept: {error}") from error
                time.sleep(0.05)

    def port(self, protocol):
        return self.ports.get(protocol) or self.ports[""]

    def cpu_ns(self):
        """Time on a core of all threads so far, the kernel's work for them included."""
        total = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except FileNotFoundError:
                pass  # a thread that has just ended
        return total

    def anonymous_bytes(self):
        """Memory of its own: heap and stacks, without files mapped."""
        rollup = Path(f"/proc/{self.process.pid}/smaps_rollup").read_text()
        return int(re.search(r"^Anonymous:\s+(\d+) kB", rollup, re.M)[1]) * 1024

    def descriptors(self):
        return sum(1 for _ in Path(f"/proc/{self.process.pid}/fd").iterdir())

    def end(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def free_port():
    """For a program that cannot be told to choose itself."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Load:
    """appctl bench on a core of its own."""

    def __init__(self, appctl, core):
        self.appctl = appctl
        self.core = core

    def run(self, server, address, arguments, window, warmup):
        """The load's numbers, and the server's CPU time over the window."""
        command = [self.appctl, "--server", address, "--output", "json", "--timeout", "10",
                   "--duration", window, "--warmup", warmup, *arguments]
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=pinned(self.core))
        cpu = {}
        told = []
        try:
            for line in process.stderr:
                if line.strip() in ("measuring", "measured"):
                    cpu[line.strip()] = server.cpu_ns()
                else:
                    told.append(line)
            out = process.stdout.read()
            code = process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            process.stdout.close()
            process.stderr.close()
        if not out or len(cpu) < 2:
            raise BenchError(f"{server.name}: the load failed ({code}): {''.join(told).strip()}")
        result = json.loads(out)
        if result["errors"]:
            raise BenchError(f"{server.name}: {result['errors']} of {result['requests']} failed")
        result["server_cpu_us"] = (cpu["measured"] - cpu["measuring"]) / 1000 / max(1, result["requests"])
        return result


    @contextlib.contextmanager
    def beside(self, address, arguments):
        """Another load on the same core, for as long as the block runs."""
        command = [self.appctl, "--server", address, "--duration", "3600", *arguments]
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, preexec_fn=pinned(self.core))
        try:
            for line in process.stderr:
                if line.strip() == "measuring":
                    break
            yield
            if process.poll() is not None:
                raise BenchError(f"the load beside ended by itself ({process.returncode})")
        finally:
            process.kill()
            process.wait()
            process.stderr.close()


class Recorder:
    """Stands between appctl and a server, and keeps the bytes of one request and of its reply."""

    def __init__(self, port):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.upstream = socket.create_connection(("127.0.0.1", port))
        self.request = b""
        self.reply = b""
        self.thread = threading.Thread(target=self._pass_on)
        self.thread.start()

    @property
    def address(self):
        return f"app://127.0.0.1:{self.listener.getsockname()[1]}"

    def _pass_on(self):
        client, _ = self.listener.accept()
        with client, self.upstream, selectors.DefaultSelector() as selector:
            selector.register(client, selectors.EVENT_READ)
            selector.register(self.upstream, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    data = key.fileobj.recv(1 << 20)
                    if key.fileobj is client:
                        if not data:
                            return
                        self.request += data
                        self.upstream.sendall(data)
                    elif data:
                        self.reply += data
                        client.sendall(data)
                    else:
                        return

    def finish(self):
        self.thread.join()
        self.listener.close()
        return self.request, self.reply


def record(appctl, port, arguments):
    """The bytes that `appctl ARGUMENTS` sends, and the server's reply."""
    recorder = Recorder(port)
    command = [str(appctl), "--server", recorder.address, *[str(word) for word in arguments]]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        with socket.create_connection(recorder.listener.getsockname()):
            pass  # appctl may have failed before it had connected
    request, reply = recorder.finish()
    if done.returncode != 0:
        raise BenchError(f"appctl: {done.stderr.strip()}")
    return request, reply


def idle_connection_bytes(server, port, request, reply_bytes, count):
    """How much a server's memory grows by a connection that was used once and is kept."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, count + 1000)), hard))
    peers = []

    def open_more(more):
        for _ in range(more):
            peer = socket.create_connection(("127.0.0.1", port))
            peers.append(peer)
            peer.sendall(request)
            left = reply_bytes
            while left > 0:
                piece = peer.recv(left)
                if not piece:
                    raise BenchError(f"{server.name} ended a connection")
                left -= len(piece)

    try:
        open_more(count // 10)  # tables that grow once
        before = server.anonymous_bytes()
        open_more(count)
        return (server.anonymous_bytes() - before) / count
    finally:
        for peer in peers:
            peer.close()
