"""How appd starts, lives and ends: what it inherits, what it lacks, signals at any time, reloads."""

import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import unittest

from support import programs
from support import wire

FAILURE = 1
SANITIZED = bool(programs.SANITIZER)
# A user that has no processes of its own, for limits that count them.
NOBODY = 65534


def entry_of(target, key="key"):
    return wire.result_of(wire.ask(target, wire.call("search", key)))


def kill_quietly(pid):
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


class Start(programs.TestCase):
    """Starts on a Unix socket: where it listens is known before it says so."""

    def setUp(self):
        super().setUp()
        self.appd = programs.APPD
        self.socket = self.folder / "socket"
        self.pid_file = self.folder / "pid"

    def command(self, *flags):
        address = f"app+unix://{self.socket}"
        return [self.appd, "--listen", address, "--pid-file", self.pid_file, *flags]

    def start(self, *flags, environment=None, **how):
        how.setdefault("stdout", subprocess.DEVNULL)
        process = subprocess.Popen(
            [str(word) for word in self.command(*flags)],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            env=programs.clean_environment(**(environment or {})),
            **how,
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def finish(self, process):
        """Exit code and standard error."""
        return process.wait(programs.DEADLINE), process.stderr.read().decode()

    def wait_for_pid_file(self, process):
        def there():
            written = self.pid_file.exists() and self.pid_file.read_text() == f"{process.pid}\n"
            return written or process.poll() is not None

        programs.wait_until(there, "the pid file")

    def accepts(self):
        """The path is there a moment before somebody listens on it."""
        with socket.socket(socket.AF_UNIX) as connection:
            return connection.connect_ex(str(self.socket)) == 0

    def wait_until_served(self):
        programs.wait_until(self.accepts, "somebody listens")

    def assert_nothing_left(self):
        self.assertEqual([path.name for path in (self.socket, self.pid_file) if path.exists()], [])


class StandardOutputTest(Start):
    def full_pipe(self):
        """Both ends of a pipe that takes nothing more, and what is in it."""
        read_end, write_end = os.pipe()
        self.addCleanup(os.close, read_end)
        self.addCleanup(os.close, write_end)
        os.set_blocking(write_end, False)
        filled = 0
        try:
            while True:
                filled += os.write(write_end, b"x" * 4096)
        except BlockingIOError:
            pass
        os.set_blocking(write_end, True)
        return read_end, write_end, filled

    def test_a_full_pipe_stops_neither_service_nor_signals(self):
        _, write_end, _ = self.full_pipe()
        process = self.start(stdout=write_end)
        self.wait_until_served()
        self.assertRegex(entry_of(self.socket, "ring"), "^In the caves")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process)[0], 0)
        self.assert_nothing_left()

    def test_the_ready_line_comes_when_there_is_room(self):
        read_end, write_end, filled = self.full_pipe()
        process = self.start(stdout=write_end)
        self.wait_until_served()
        self.assertRegex(entry_of(self.socket, "ring"), "^In the caves")
        while filled:
            filled -= len(os.read(read_end, filled))
        line = f"listening on app+unix://{self.socket}\n"
        self.assertEqual(os.read(read_end, 4096).decode(), line)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process)[0], 0)

    def test_a_full_device_ends_the_start_with_a_line(self):
        for more in ([], ["--daemon"]):
            with self.subTest(more), open("/dev/full", "wb") as full:
                code, errors = self.finish(self.start(*more, stdout=full))
                self.assertEqual(code, FAILURE)
                self.assert_one_line(errors, "standard output", "No space left")
            if more:
                os.kill(int(self.pid_file.read_text()), signal.SIGTERM)
                programs.wait_until(lambda: not self.pid_file.exists(), "the daemon ends")
            self.assert_nothing_left()

    def test_a_pipe_whose_reader_is_gone_ends_it_with_a_line(self):
        read_end, write_end = os.pipe()
        os.close(read_end)
        try:
            code, errors = self.finish(self.start(stdout=write_end))
        finally:
            os.close(write_end)
        self.assertEqual(code, FAILURE)
        self.assert_one_line(errors, "standard output")
        self.assert_nothing_left()

    def test_a_program_that_only_answers_can_be_interrupted(self):
        _, write_end, _ = self.full_pipe()
        process = self.start("--help", stdout=write_end)

        def interrupted():
            process.send_signal(signal.SIGINT)
            return process.poll() is not None

        programs.wait_until(interrupted, "the end")
        self.assertEqual(process.returncode, -signal.SIGINT)

    def test_a_closed_one_is_served_without(self):
        process = self.start(preexec_fn=lambda: os.close(1))
        self.wait_until_served()
        self.assertRegex(entry_of(self.socket, "ring"), "^In the caves")
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process)[0], 0)


@unittest.skipIf(SANITIZED, "sanitizers need threads and address space of their own")
class ShortageTest(Start):
    """No thread, or no memory, to be had: nothing is announced, nothing is left."""

    def fails(self, *flags, parts, **how):
        process = self.start(*flags, stdout=subprocess.PIPE, **how)
        with process.stdout:
            self.assertEqual(process.stdout.read(), b"")
        code, errors = self.finish(process)
        self.assertEqual(code, FAILURE, errors)
        self.assert_one_line(errors, *parts)
        self.assert_nothing_left()

    @unittest.skipUnless(os.geteuid() == 0, "takes another user's identity")
    def test_no_more_processes_for_the_user(self):
        self.folder.chmod(0o777)
        # The build may lie where only its owner comes.
        self.appd = shutil.copy(programs.APPD, self.folder)

        def become_nobody():
            os.setgid(NOBODY)
            os.setuid(NOBODY)
            resource.setrlimit(resource.RLIMIT_NPROC, (10, 10))

        for more in ([], ["--daemon"]):
            with self.subTest(more):
                self.fails(
                    "--threads=40", *more, parts=["RLIMIT_NPROC", "10"], preexec_fn=become_nobody
                )

    def test_no_more_address_space(self):
        limit = 600_000 * 1024

        def take_away():
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))

        for more in ([], ["--daemon"]):
            with self.subTest(more):
                self.fails("--threads=300", *more, parts=["RLIMIT_AS"], preexec_fn=take_away)


class SignalsTest(Start):
    def test_one_that_comes_while_it_starts_waits_until_it_serves(self):
        """With a search file, so that the start takes a while."""
        entries = {f"query {number}": "some text" * 8 for number in range(20_000)}
        search = self.file("search.json", json.dumps(entries))
        for number, ends in (
            (signal.SIGHUP, False),
            (signal.SIGUSR1, False),
            (signal.SIGUSR2, False),
            (signal.SIGTERM, True),
            (signal.SIGINT, True),
        ):
            with self.subTest(number):
                process = self.start("--search-file", search)
                self.wait_for_pid_file(process)
                process.send_signal(number)
                if not ends:
                    self.wait_until_served()
                    self.assertEqual(entry_of(self.socket, "query 7"), "some text" * 8)
                    process.send_signal(signal.SIGTERM)
                self.assertEqual(self.finish(process)[0], 0)
                self.assert_nothing_left()

    def test_those_that_were_blocked_or_ignored_are_obeyed(self):
        numbers = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}

        def block():
            signal.pthread_sigmask(signal.SIG_BLOCK, numbers)

        def ignore():
            for number in numbers:
                signal.signal(number, signal.SIG_IGN)

        for inherit in (block, ignore):
            for end in (signal.SIGTERM, signal.SIGINT):
                with self.subTest(inherit.__name__, end=end):
                    search = self.file("search.json", '{"key": "old"}')
                    process = self.start("--search-file", search, preexec_fn=inherit)
                    self.wait_until_served()
                    self.assertEqual(entry_of(self.socket), "old")
                    self.file("search.json", '{"key": "new"}')
                    process.send_signal(signal.SIGHUP)
                    programs.wait_until(lambda: entry_of(self.socket) == "new", "the reload")
                    process.send_signal(end)
                    self.assertEqual(self.finish(process)[0], 0)

    def test_those_without_a_meaning_do_nothing(self):
        with programs.Appd() as appd, wire.connect(appd.port) as connection:
            for number in (signal.SIGUSR1, signal.SIGUSR2, signal.SIGPIPE) * 5:
                appd.signal(number)
                connection.sendall(wire.call("echo", 1, connection="keep-alive"))
                self.assertEqual(wire.result_of(wire.read_message(connection)), 1)


class InheritedTest(Start):
    def test_a_daemon_lets_go_of_descriptors_that_it_did_not_open(self):
        read_end, write_end = os.pipe()
        try:
            process = self.start("--daemon", pass_fds=[write_end])
            os.close(write_end)
            self.assertEqual(self.finish(process)[0], 0)
            self.assertEqual(os.read(read_end, 1), b"")
            self.assertRegex(entry_of(self.socket, "ring"), "^In the caves")
        finally:
            os.close(read_end)
        os.kill(int(self.pid_file.read_text()), signal.SIGTERM)
        programs.wait_until(lambda: not self.pid_file.exists(), "the daemon ends")

    @unittest.skipIf(programs.SANITIZER == "thread", "ThreadSanitizer gives SIGXFSZ its default effect")
    def test_a_pid_file_that_cannot_be_written_is_not_left_empty(self):
        def no_files():
            resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)

        no_counters = {"LLVM_PROFILE_FILE": os.devnull}  # of a build for scripts/coverage
        code, errors = self.finish(self.start(preexec_fn=no_files, environment=no_counters))
        self.assertEqual(code, FAILURE)
        self.assert_one_line(errors, self.pid_file)
        self.assert_nothing_left()

    @unittest.skipUnless(hasattr(os, "sched_setaffinity"), "the system has no affinity")
    def test_loops_are_as_many_as_the_cpus_that_may_be_used(self):
        one = min(os.sched_getaffinity(0))
        printed = subprocess.run(
            [programs.APPD, "--print-config"],
            stdout=subprocess.PIPE,
            env=programs.clean_environment(),
            preexec_fn=lambda: os.sched_setaffinity(0, {one}),
            check=True,
        )
        self.assertIn("\nthreads = 1 ", "\n" + printed.stdout.decode())

    @unittest.skipUnless(os.geteuid() == 0, "makes a process namespace")
    def test_as_process_1_it_is_reaped_what_nobody_waits_for(self):
        def in_namespace():
            if ctypes.CDLL(None, use_errno=True).unshare(0x20000000) != 0:  # CLONE_NEWPID
                os._exit(77)

        # Its child is process 1 of the namespace.
        starter = [sys.executable, "-c", "import subprocess, sys; subprocess.run(sys.argv[1:])"]
        outer = subprocess.Popen(
            [*starter, *map(str, self.command())],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=programs.clean_environment(),
            preexec_fn=in_namespace,
        )
        self.addCleanup(outer.wait)
        self.addCleanup(outer.kill)
        ready = programs.wait_until(
            lambda: self.accepts() or outer.poll() is not None, "a server or a refusal"
        )
        if not ready or outer.poll() is not None:
            self.skipTest("no process namespace here")
        children = f"/proc/{outer.pid}/task/{outer.pid}/children"
        with open(children, encoding="ascii") as file:
            first = int(file.read().split()[0])
        self.addCleanup(kill_quietly, first)
        self.assertEqual(self.pid_file.read_text(), "1\n")
        # An orphan in there: its parent ends before it does.
        enter = ["nsenter", "--pid", "--target", str(first), "sh", "-c", "sleep 0.3 & exit 0"]
        subprocess.run(enter, check=True, stdin=subprocess.DEVNULL)
        of_first = f"/proc/{first}/task/{first}/children"

        def children_of_first():
            with open(of_first, encoding="ascii") as file:
                return file.read()

        programs.wait_until(children_of_first, "the orphan has come")
        programs.wait_until(lambda: not children_of_first(), "the orphan is gone")
        os.kill(first, signal.SIGTERM)
        self.assertEqual(outer.wait(programs.DEADLINE), 0)
        self.assert_nothing_left()


class ReloadTest(Start):
    def test_a_fifo_is_refused_at_once(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        for flag in ("--config", "--search-file", "--plugin"):
            with self.subTest(flag):
                code, errors = self.finish(self.start(flag, fifo))
                self.assertEqual(code, FAILURE)
                self.assert_one_line(errors, fifo)
                self.assert_nothing_left()

    def test_a_fifo_in_a_reload_is_told_and_stops_nobody(self):
        config = self.file("appd.toml", "")
        search = self.file("search.json", '{"key": "old"}')
        log = self.folder / "log"
        flags = ("--config", config, "--search-file", search, "--log-file", log)
        for path in (config, search):
            with self.subTest(path.name), programs.Appd(*flags) as appd:
                kept = path.read_text()
                path.unlink()
                os.mkfifo(path)
                appd.signal(signal.SIGHUP)
                self.assertEqual(entry_of(appd.port), "old")
                programs.wait_until(lambda: "cannot reload" in log.read_text(), "a line says so")
                self.assertEqual(entry_of(appd.port), "old")
                path.unlink()
                path.write_text(kept)
                log.unlink()

    def test_a_log_file_that_became_a_fifo_stops_nobody(self):
        log = self.folder / "log"
        with programs.Appd("--log-file", log) as appd:
            log.rename(self.folder / "log.1")
            os.mkfifo(log)
            appd.signal(signal.SIGHUP)
            self.assertRegex(entry_of(appd.port, "ring"), "^In the caves")

    def test_what_needs_a_restart_is_told_and_what_was_applied(self):
        config = self.file("appd.toml", 'log-level = "info"\nmax-content = 1000\nthreads = 2\n')
        command = [programs.APPD, "--config", config, "--listen=127.0.0.1:0"]
        with programs.Program(command) as appd:
            port = programs.port_of(appd.ready_line())
            self.file(
                "appd.toml",
                'log-level = "debug"\nmax-content = 500\nthreads = 3\nlisten = ["127.0.0.1:9"]\n',
            )
            appd.signal(signal.SIGHUP)
            programs.wait_until(lambda: " reloaded " in appd.stderr(), "the reload")
            lines = appd.stderr().splitlines()
            (warning,) = [line for line in lines if " warn " in line]
            self.assertIn("restart", warning)
            self.assertIn("threads, max-content", warning)
            self.assertNotIn("listen", warning)  # the flag counts, as before
            (reloaded,) = [line for line in lines if " reloaded " in line]
            self.assertIn("log-level", reloaded)
            self.assertNotIn("threads", reloaded)
            # What callers are told is what counts.
            described = wire.result_of(wire.ask(port, wire.call("describe", None)))
            self.assertIn("1000", json.dumps(described))

            self.file("appd.toml", 'log-level = "debug"\nmax-content = 1000\nthreads = 2\n')
            appd.signal(signal.SIGHUP)
            programs.wait_until(lambda: appd.stderr().count(" reloaded ") == 2, "the reload")
            self.assertEqual(appd.stderr().count(" warn "), 1)
            appd.signal(signal.SIGTERM)
            self.assertEqual(appd.wait(), 0)

    def test_the_last_state_of_the_files_wins(self):
        entries = {f"query {number}": "some text" * 8 for number in range(20_000)}
        search = self.folder / "search.json"
        search.write_text(json.dumps({"key": "0", **entries}))
        with programs.Appd("--search-file", search) as appd:
            for number in range(1, 6):
                new = self.file("search.new", json.dumps({"key": str(number), **entries}))
                new.rename(search)
                appd.signal(signal.SIGHUP)
                time.sleep(0.01)  # so that the signals are not told as one
            programs.wait_until(lambda: entry_of(appd.port) == "5", "the last state")

    def test_a_daemon_reads_the_files_of_the_folder_that_it_was_started_in(self):
        self.file("appd.toml", 'search-file = "search.json"\n')
        search = self.file("search.json", '{"key": "old"}')
        process = self.start("--daemon", "--config=appd.toml", cwd=self.folder)
        self.assertEqual(self.finish(process)[0], 0)
        pid = int(self.pid_file.read_text())
        try:
            self.assertEqual(entry_of(self.socket), "old")
            search.write_text('{"key": "new"}')
            os.kill(pid, signal.SIGHUP)
            programs.wait_until(lambda: entry_of(self.socket) == "new", "the reload")
        finally:
            os.kill(pid, signal.SIGTERM)
        programs.wait_until(lambda: not self.pid_file.exists(), "the daemon ends")

    def test_term_during_a_reload_ends_it(self):
        entries = {f"query {number}": "some text" * 8 for number in range(50_000)}
        search = self.file("search.json", json.dumps(entries))
        process = self.start("--search-file", search)
        self.wait_until_served()
        self.assertEqual(entry_of(self.socket, "query 7"), "some text" * 8)
        process.send_signal(signal.SIGHUP)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(self.finish(process)[0], 0)
        self.assert_nothing_left()


if __name__ == "__main__":
    unittest.main()
