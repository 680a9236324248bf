"""A shell in which a page's commands run one behind the other, and the servers that it starts. Every wait is
bounded."""

import errno
import os
import pathlib
import re
import select
import signal
import subprocess
import termios
import time

END = re.compile(rb"\x01(\d+)\x01$")


class TerminalError(Exception):
    pass


def session_of(pid: str):
    try:
        return os.getsid(int(pid))
    except OSError:  # it has gone
        return None


def signal_group(group: int, number: int):
    try:
        os.killpg(group, number)
    except ProcessLookupError:
        pass


def terminal_pair():
    """A pseudo-terminal (programs write otherwise to a pipe) that hands on what is written to it as it is."""
    own, programs = os.openpty()
    mode = termios.tcgetattr(programs)
    mode[1] &= ~termios.OPOST
    mode[3] &= ~termios.ECHO
    termios.tcsetattr(programs, termios.TCSANOW, mode)
    return own, programs


class Server:
    """A command that goes on, with a file for all that it prints."""

    def __init__(self, line: int, text: str, group: int, path):
        self.line = line
        self.text = text
        self.group = group
        self._path = path
        self._told = 0  # lines that an earlier look has seen

    def printed(self) -> list:
        """Lines since those that `told()` has taken."""
        printed = self._path.read_bytes() if self._path.exists() else b""
        return printed.decode("utf-8", "replace").splitlines()[self._told:]

    def told(self, lines: int):
        self._told += lines

    def exit_code(self):
        """None while it runs."""
        done = self._path.with_suffix(".exit")
        told = done.read_text("ascii") if done.exists() else ""
        return int(told) if told.endswith("\n") else None


class Terminal:
    """Standard output and standard error come as one, as a person sees them."""

    def __init__(self, folder, scratch, environment: dict, timeout: float):
        self._scratch = scratch
        self._timeout = timeout
        self._servers = []
        self._started = 0
        self._read, write = terminal_pair()
        self._shell = subprocess.Popen(["bash", "--norc", "--noprofile"], cwd=folder, env=environment,
                                       stdin=subprocess.PIPE, stdout=write, stderr=write, start_new_session=True)
        os.close(write)

    def run(self, text: str):
        """(exit code, what it printed)"""
        script = self._scratch / "command"
        script.write_text(text + "\n", "utf-8")
        self._say(f"eval \"$(cat '{script}')\" </dev/null; printf '\\001%d\\001' $?\n")
        printed, end = b"", time.monotonic() + self._timeout
        while not END.search(printed):
            ready, _, _ = select.select([self._read], [], [], max(0.0, end - time.monotonic()))
            piece = self._piece() if ready else b""
            if not piece:
                why = "the shell ended" if ready else f"not done after {self._timeout:g} s"
                raise TerminalError(f"{why}; printed so far: {printed.decode('utf-8', 'replace')[-2000:]!r}")
            printed += piece
        code = int(END.search(printed)[1])
        return code, END.sub(b"", printed).decode("utf-8", "replace")

    def _piece(self) -> bytes:
        try:
            return os.read(self._read, 65536)
        except OSError as error:
            if error.errno != errno.EIO:  # which a terminal says when nobody has its other end open
                raise
            return b""

    def serve(self, line: int, text: str) -> Server:
        self._started += 1
        output = self._scratch / f"server{self._started}"
        done = output.with_suffix(".exit")
        script = output.with_suffix(".command")
        script.write_text(text + "\n", "utf-8")
        # A process group of its own (-m). The traps let both shells outlive the signal that the group gets: the outer
        # one tells how the inner one, whose command has the default, ended, and starts no program for that: the signal
        # would end it.
        _, group = self.run(
            f"set -m; (trap : TERM; (trap : TERM; eval \"$(cat '{script}')\"); "
            f"echo $? >'{done}') </dev/null >'{output}' 2>&1 & echo $!; set +m")
        server = Server(line, text, int(group.split()[-1]), output)
        self._servers.append(server)
        return server

    def wait_until(self, condition) -> bool:
        end = time.monotonic() + self._timeout
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.02)
        return True

    def server(self, name: str) -> Server:
        """The last one started whose command has `name` in it."""
        for server in reversed(self._servers):
            if name in server.text:
                return server
        raise TerminalError(f"no server has {name} in its command")

    def stop(self) -> list:
        """Ends all servers, as Ctrl-C or `kill` would; (server, what is wrong with its end) of some."""
        wrong = []
        for server in self._servers:
            if server.exit_code() is None:
                signal_group(server.group, signal.SIGTERM)
            if not self.wait_until(lambda: server.exit_code() is not None):  # pylint: disable=cell-var-from-loop
                wrong.append((server, f"does not end within {self._timeout:g} s"))
                signal_group(server.group, signal.SIGKILL)
            elif server.exit_code() not in (0, 128 + signal.SIGTERM):
                wrong.append((server, f"ended with exit code {server.exit_code()}: {server.printed()[-5:]}"))
        self._servers = []
        return wrong

    def close(self):
        """Leaves no process behind, whatever happened."""
        for pid in self._session():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._shell.wait()
        self._shell.stdin.close()
        os.close(self._read)

    def _session(self) -> list:
        """The shell and all that it started, in whatever process group."""
        pids = [int(entry.name) for entry in pathlib.Path("/proc").glob("[0-9]*")
                if session_of(entry.name) == self._shell.pid]
        return pids or [self._shell.pid]

    def _say(self, text: str):
        try:
            self._shell.stdin.write(text.encode())
            self._shell.stdin.flush()
        except BrokenPipeError as error:
            raise TerminalError("the shell has ended") from error
