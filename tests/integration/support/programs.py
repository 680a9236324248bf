"""Starts the programs under test and the Python peers, and ends them again.

The programs' paths come from the environment, APPD, APPCTL and RELAY, and so does SANITIZER. Every wait is bounded by DEADLINE.
"""

import collections
import os
import pathlib
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import unittest

APPD = os.environ.get("APPD", "appd")
APPCTL = os.environ.get("APPCTL", "appctl")
# A daemon with the further actions of relay.cc.
RELAY = os.environ.get("RELAY", "appd_relay")
# What the programs were built with: address, thread or nothing.
SANITIZER = os.environ.get("SANITIZER", "")
PEERS = pathlib.Path(__file__).resolve().parents[3] / "examples" / "peers"

# Seconds that nothing may take: generous, for machines that are busy and sanitizers.
DEADLINE = 60

Finished = collections.namedtuple("Finished", "exit stdout stderr")


def wait_until(condition, what):
    """Asks again and again, until `condition` says something true, which is returned."""
    end = time.monotonic() + DEADLINE
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"waited {DEADLINE} s in vain: {what}")
        time.sleep(0.01)


def clean_environment(**more):
    """This process's environment, without options for appd that somebody may have set."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APPD_")}
    kept.update(more)
    return kept


def run(command, stdin=b"", env=None, text=True):
    """Runs to the end; output as text, or as bytes."""
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=clean_environment(**(env or {})),
        timeout=DEADLINE,
        check=False,
    )
    if not text:
        return Finished(done.returncode, done.stdout, done.stderr)
    return Finished(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_appd(*flags, env=None):
    """For starts that fail, or only print something."""
    return run([APPD, *flags], env=env)


def appctl(*arguments, server=None, stdin=b"", text=True):
    to = ["--server", server] if server else []
    return run([APPCTL, *to, *arguments], stdin=stdin, text=text)


class LineReader:
    """Lines of a pipe, each awaited no longer than DEADLINE."""

    def __init__(self, pipe):
        self._descriptor = pipe.fileno()
        self._rest = b""

    def line(self):
        """Without its end; None where the pipe ended."""
        while b"\n" not in self._rest:
            ready, _, _ = select.select([self._descriptor], [], [], DEADLINE)
            if not ready:
                raise AssertionError("the program says nothing")
            piece = os.read(self._descriptor, 4096)
            if not piece:
                return None
            self._rest += piece
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()


class Program:
    """A server process: ready once started, ended with the `with` block."""

    def __init__(self, command, env=None):
        self._errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=clean_environment(**(env or {})),
        )
        self.lines = LineReader(self.process.stdout)

    def ready_line(self):
        line = self.lines.line()
        if line is None:
            exit_code = self.process.wait(DEADLINE)
            raise AssertionError(f"exit {exit_code} in place of a ready line: {self.stderr()}")
        return line

    def stderr(self):
        return os.pread(self._errors.fileno(), 1 << 30, 0).decode()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(DEADLINE)

    def is_running(self):
        return self.process.poll() is None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_running():
            self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self._errors.close()


class Appd(Program):
    """appd on ports of the system's choice: Appd("--max-content", "10", listen=[...])."""

    program = APPD

    def __init__(self, *flags, listen=("app://127.0.0.1:0",), threads=2, env=None, prefix=()):
        """`prefix`: a command that starts the program given behind it."""
        command = [*prefix, self.program, "--threads", threads]
        for address in listen:
            command += ["--listen", address]
        super().__init__([*command, *flags], env)
        try:
            self.ready_lines = [self.ready_line() for _ in listen]
        except AssertionError:
            super().__exit__()
            raise
        self.addresses = [line.partition("listening on ")[2] for line in self.ready_lines]
        self.address = self.addresses[0]

    @property
    def port(self):
        return port_of(self.address)

    def stop(self, number=signal.SIGTERM):
        """The exit code."""
        self.signal(number)
        return self.wait()

    def __exit__(self, kind, *rest):
        """Unless the test failed already or ended it, the server must still be well."""
        try:
            if kind is None and self.is_running():
                exit_code = self.stop()
                if exit_code != 0:
                    raise AssertionError(f"appd: exit {exit_code}: {self.stderr()[-4000:]}")
        finally:
            super().__exit__(kind, *rest)


class Relay(Appd):
    program = RELAY


class Peer(Program):
    """A Python server of examples/peers: Peer("app_server.py", "--extended")."""

    def __init__(self, script, *arguments):
        super().__init__([sys.executable, PEERS / script, *arguments])
        self.port = port_of(self.ready_line())


def run_peer(script, *arguments):
    """A Python client of examples/peers, to its end."""
    return run([sys.executable, PEERS / script, *arguments], env={"PYTHONIOENCODING": "utf-8"})


def port_of(text):
    found = re.search(r"(\d+)$", text)
    if not found:
        raise AssertionError(f"no port at the end of {text!r}")
    return int(found.group(1))


class TestCase(unittest.TestCase):
    """With a folder of its own for each test."""

    maxDiff = None

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="appd-test-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def file(self, name, text):
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    def assert_one_line(self, text, *parts):
        """One line, which contains all `parts`."""
        self.assertEqual(text.count("\n"), 1, text)
        for part in parts:
            self.assertIn(str(part), text)
