"""Standard streams, files and terminals: what the programs make of those that somebody else prepared."""

import json
import os
import pty
import resource
import socket
import subprocess
import time
import unittest

from support import programs
from support import wire

FAILURE, USAGE = 1, 2
NASTY = "a\u001bb\u007fc\u0085d\u009be\u2028f\u202eg\u200bh\ufeffi\U000e0001z"
SHOWN = r"a\u001bb\u007fc\u0085d\u009be\u2028f\u202eg\u200bh\ufeffi\udb40\udc01z"


def start(*words, **options):
    options.setdefault("stderr", subprocess.PIPE)
    return subprocess.Popen([str(word) for word in words], env=programs.clean_environment(), **options)


def read_to_end(descriptor, pause=0.0):
    """What a slow reader gets."""
    content = b""
    while True:
        try:
            piece = os.read(descriptor, 65536)
        except OSError:  # a terminal that nobody holds open any more
            break
        if not piece:
            break
        content += piece
        time.sleep(pause)
    os.close(descriptor)
    return content


def end_of(process):
    _, errors = process.communicate(timeout=programs.DEADLINE)
    return process.returncode, errors.decode()


class NonBlockingTest(programs.TestCase):
    """Non-blocking is a property of the open file, which others share and set."""

    def test_all_of_a_result_reaches_a_slow_reader(self):
        with programs.Appd(listen=["raw-echo://127.0.0.1:0"]) as appd:
            path = self.file("value", "y" * 3_000_000)
            for end in (os.pipe, lambda: [one.detach() for one in socket.socketpair()]):
                reading, writing = end()
                os.set_blocking(writing, False)
                with start(programs.APPCTL, "--server", appd.address, "--file", path,
                           stdout=writing) as appctl:
                    os.close(writing)
                    content = read_to_end(reading, 0.001)
                    self.assertEqual(end_of(appctl), (0, ""))
                self.assertEqual(len(content), 3_000_001)

    def test_an_input_is_waited_for(self):
        with programs.Appd(listen=["raw-echo://127.0.0.1:0"]) as appd:
            fifo = self.folder / "fifo"
            os.mkfifo(fifo)
            for words in (["-"], ["--file", "/dev/stdin"], ["--file", fifo]):
                reading, writing = os.pipe()
                os.set_blocking(reading, False)
                with start(programs.APPCTL, "--server", appd.address, *words, stdin=reading,
                           stdout=subprocess.PIPE) as appctl:
                    os.close(reading)
                    if fifo in words:
                        os.close(writing)
                        writing = os.open(fifo, os.O_WRONLY)
                    for piece in (b"lat", b"er"):
                        time.sleep(0.1)
                        os.write(writing, piece)
                    os.close(writing)
                    output, errors = appctl.communicate(timeout=programs.DEADLINE)
                self.assertEqual((appctl.returncode, output, errors), (0, b"later\n", b""), words)

    def test_all_of_what_appd_prints_arrives(self):
        many = [word for i in range(3000) for word in ("--listen", f"app://127.0.0.1:{i + 1}")]
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with start(programs.APPD, *many, "--print-config", stdout=writing) as appd:
            os.close(writing)
            content = read_to_end(reading, 0.001)
            self.assertEqual(end_of(appd), (0, ""))
        self.assertIn(b"app://127.0.0.1:3000", content)
        self.assertTrue(content.endswith(b"\n"))

    def test_all_of_the_log_and_of_a_trace_arrives(self):
        with wire.RecordingServer(wire.answer_and_close(wire.text_request('{"result": 1}'))) as server:
            reading, writing = os.pipe()
            os.set_blocking(writing, False)
            path = self.file("value", json.dumps("x" * 1_000_000))
            with start(programs.APPCTL, "--server", server.address, "--trace", "echo", "--file", path,
                       stdout=subprocess.DEVNULL, stderr=writing) as appctl:
                os.close(writing)
                content = read_to_end(reading, 0.001)
                self.assertEqual(appctl.wait(programs.DEADLINE), 0)
        self.assertGreater(len(content), 1_000_000)
        self.assertIn(b"\nclosing connection to ", content)


class UnwritableTest(programs.TestCase):
    """Whatever a command prints, and nobody gets, is exit 1 and one line."""

    def setUp(self):
        super().setUp()
        self.appd = programs.Appd(listen=["app://127.0.0.1:0", "raw-echo://127.0.0.1:0"])
        self.addCleanup(self.appd.__exit__, None)
        app, raw = (["--server", address] for address in self.appd.addresses)
        self.commands = [
            [programs.APPD, "--help"], [programs.APPD, "--version"],
            [programs.APPD, "--print-config"], [programs.APPD, "--check-config"],
            [programs.APPCTL, "--help"], [programs.APPCTL, "--version"],
            [programs.APPCTL, "resolve", "127.0.0.1"],
            [programs.APPCTL, *app, "search", "ring"], [programs.APPCTL, *app, "describe"],
            [programs.APPCTL, *app, "--output", "json", "double", "2"],
            [programs.APPCTL, *app, "--repeat", "50", "echo", "1"],
            [programs.APPCTL, *raw, "hello"],
            [programs.APPCTL, *app, "--duration", "0.1", "--warmup", "0", "bench", "echo", "1"],
        ]  # yapf: disable

    def assert_told(self, stdout, reason, **options):
        for command in self.commands:
            with self.subTest(command), start(*command, stdout=stdout, **options) as process:
                code, errors = end_of(process)
                said = [line for line in errors.splitlines()
                        if not line.startswith(("measur", "replies: "))]
                self.assertEqual((code, len(said)), (FAILURE, 1), errors)
                self.assertIn(reason, said[0])

    @unittest.skipUnless(os.path.exists("/dev/full"), "this system has no /dev/full")
    def test_a_full_device(self):
        with open("/dev/full", "wb") as full:
            self.assert_told(full, "No space left on device")

    def test_a_pipe_that_nobody_reads(self):
        reading, writing = os.pipe()
        os.close(reading)
        self.assert_told(writing, "Broken pipe")
        os.close(writing)

    def test_a_descriptor_that_was_closed(self):
        self.assert_told(None, "Bad file descriptor", preexec_fn=lambda: os.close(1))

    def test_many_results_stop_where_the_reader_stops(self):
        with start(programs.APPCTL, "--server", self.appd.address, "--repeat", "1000000000", "echo", "1",
                   stdout=subprocess.PIPE) as appctl:
            self.assertEqual(appctl.stdout.readline(), b"1\n")
            appctl.stdout.close()
            self.assertEqual(appctl.wait(programs.DEADLINE), FAILURE)
            appctl.stderr.close()

    def test_an_input_that_was_closed_is_no_empty_one(self):
        with start(programs.APPCTL, "--server", self.appd.address, "echo", "-", stdout=subprocess.PIPE,
                   preexec_fn=lambda: os.close(0)) as appctl:
            code, errors = end_of(appctl)
        self.assertEqual(code, USAGE)
        self.assert_one_line(errors, "standard input")


class TerminalTest(programs.TestCase):
    def on_a_terminal(self, *words):
        """What a person sees; the terminal itself turns line ends into CR LF."""
        outer, inner = pty.openpty()
        with start(*words, stdout=inner) as process:
            os.close(inner)
            seen = read_to_end(outer)
            _, errors = process.communicate(timeout=programs.DEADLINE)
        return seen.decode().replace("\r\n", "\n"), errors.decode()

    def test_a_terminal_gets_nothing_that_is_not_seen_and_a_pipe_every_byte(self):
        with programs.Appd() as appd:
            value = json.dumps(NASTY + "\n\tend")
            call = [programs.APPCTL, "--server", appd.address, "echo", value]
            seen, errors = self.on_a_terminal(*call)
            self.assertEqual((seen, errors), (SHOWN + "\n\tend\n", ""))
            self.assertEqual(programs.run(call).stdout, NASTY + "\n\tend\n")
            seen, _ = self.on_a_terminal(*call, "--output", "json")
            self.assertEqual(json.loads(seen)["result"], NASTY + "\n\tend")
            self.assertNotIn("\u009b", seen)
            seen, _ = self.on_a_terminal(*call, "--output", "raw")
            self.assertNotIn("\u009b", seen)

    def test_bytes_that_are_no_text_do_not_reach_a_terminal(self):
        with programs.Appd(listen=["raw-echo://127.0.0.1:0"]) as appd:
            path = self.folder / "bytes"
            path.write_bytes(b"\x9b31m\xff")
            seen, _ = self.on_a_terminal(programs.APPCTL, "--server", appd.address, "--file", path)
            self.assertEqual(seen, "\ufffd31m\ufffd\n")

    def test_error_texts_and_traces_are_escaped_wherever_they_go(self):
        reply = wire.text_request(json.dumps({"result": "Error: " + NASTY + "\nforged"}))
        with wire.RecordingServer(wire.answer_and_close(reply)) as server:
            done = programs.appctl("echo", "1", server=server.address)
            self.assertEqual(done.stderr, "Error: " + SHOWN + "\\u000aforged\n")
            done = programs.appctl("--trace", "echo", "1", server=server.address)
            self.assertNotIn("\u009b", done.stderr)


class FileTest(programs.TestCase):
    def test_an_endless_file_is_exit_2_also_with_little_memory(self):
        def little_memory():
            resource.setrlimit(resource.RLIMIT_AS, (600_000 * 1024, 600_000 * 1024))

        options = {} if programs.SANITIZER else {"preexec_fn": little_memory}
        for words in (["--file", "/dev/zero"], ["--binary", "--file", "/dev/zero"]):
            with start(programs.APPCTL, *words, "x", stdout=subprocess.PIPE, **options) as appctl:
                code, errors = end_of(appctl)
            self.assertEqual(code, USAGE)
            self.assert_one_line(errors, "/dev/zero", "--max-value")

    @unittest.skipIf(programs.SANITIZER, "sanitizers need more address space")
    def test_memory_that_runs_out_is_exit_1_and_a_line(self):
        def very_little_memory():
            resource.setrlimit(resource.RLIMIT_AS, (150_000 * 1024, 150_000 * 1024))

        with start(programs.APPCTL, "--file", "/dev/zero", "x", stdout=subprocess.PIPE,
                   preexec_fn=very_little_memory) as appctl:
            self.assertEqual(end_of(appctl), (FAILURE, "appctl: out of memory\n"))

    def test_a_byte_order_mark_is_skipped_in_every_file(self):
        mark = "\ufeff"
        search = self.file("search.json", mark + '{"ring": "mine"}')
        config = self.file("appd.toml", mark + f"search-file = {json.dumps(str(search))}\n")
        with programs.Appd("--config", config) as appd:
            done = programs.appctl("search", "--file", self.file("text", mark + "ring\n"),
                                   server=appd.address)
            self.assertEqual((done.exit, done.stdout), (0, "mine\n"), done.stderr)
            number = self.file("number", mark + "[1, 2]\n")
            for words in (["--file", number], ["--json", "--file", number], [mark + "[1, 2]"]):
                done = programs.appctl("echo", *words, server=appd.address)
                self.assertEqual((done.exit, done.stdout), (0, "[1, 2]\n"), done.stderr)

    def test_a_file_reaches_an_action_of_ones_own_as_bytes(self):
        content = bytes(range(256)) + b"\n"
        path = self.folder / "bytes"
        path.write_bytes(content)
        with programs.Appd() as appd:
            for words in (["--file", path], ["-"]):
                done = programs.appctl("--binary", "--output=raw", "echo", *words, server=appd.address,
                                       stdin=content, text=False)
                self.assertEqual((done.exit, done.stdout), (0, content), done.stderr)
            path.write_bytes(b"\0\0\0\5")
            done = programs.appctl("--binary", "double", "--file", path, server=appd.address, text=False)
            self.assertEqual((done.exit, done.stdout), (0, b"result\0\0\0\n\n"), done.stderr)

    def test_a_configuration_that_nests_deep_is_refused_at_the_start_and_at_a_reload(self):
        config = self.file("appd.toml", "")
        with programs.Appd("--config", config) as appd:
            config.write_text(".".join(["a"] * 60_000) + " = 1\n")
            appd.signal(programs.signal.SIGHUP)
            programs.wait_until(lambda: "nests deeper" in appd.stderr(), "a refusal in the log")
            self.assertEqual(programs.appctl("search", "ring", server=appd.address).exit, 0)
        done = programs.run_appd("--config", config, "--check-config")
        self.assertEqual(done.exit, USAGE)
        self.assert_one_line(done.stderr, f"{config}:1: ")

    def test_depth_never_costs_the_stack(self):
        deep = [("[" * 500_000, "array"), ('{"a":' * 200_000, "object"),
                ("[" * 500_000 + "]" * 500_000, "whole array")]
        with programs.Appd() as appd:
            for text, name in deep:
                path = self.file("deep.json", text)
                with self.subTest(name):
                    done = programs.run_appd("--search-file", path, "--check-config")
                    self.assertEqual(done.exit, FAILURE)
                    for words in (["echo"], ["--json", "echo"], ["--trace", "echo"], ["describe"]):
                        done = programs.appctl(*words, "--file", path, server=appd.address)
                        self.assertIn(done.exit, (0, FAILURE, USAGE), done.stderr[:200])


class LogFileTest(programs.TestCase):
    def test_a_symbolic_link_is_not_followed(self):
        target = self.file("target", "precious\n")
        link = self.folder / "log"
        link.symlink_to(target)
        done = programs.run_appd("--log-file", link, "--listen", "app://127.0.0.1:0")
        self.assertEqual(done.exit, FAILURE)
        self.assert_one_line(done.stderr, link, "symbolic link")
        self.assertEqual(target.read_text(), "precious\n")

    def test_standard_error_by_name_may_be_a_socket(self):
        for name in ("/dev/stderr", "/dev/fd/2", "/proc/self/fd/2"):
            ours, theirs = socket.socketpair()
            with ours, start(programs.APPD, "--log-file", name, "--log-level", "debug", "--listen",
                             "app://127.0.0.1:0", stdout=subprocess.PIPE, stderr=theirs) as appd:
                theirs.close()
                self.assertIn(b"listening on ", appd.stdout.readline())
                appd.terminate()
                self.assertIn(b" info draining ", read_to_end(ours.detach()))
                self.assertEqual(appd.wait(programs.DEADLINE), 0)


class HiddenCharactersTest(programs.TestCase):
    def test_no_line_of_appd_has_any(self):
        for log_format in ("text", "json"):
            with self.subTest(log_format), programs.Appd(
                "--log-level=trace", f"--log-format={log_format}"
            ) as appd:
                wire.ask(appd.port, wire.call(NASTY, NASTY))
                wire.ask(appd.port, wire.text_request("1", action=NASTY))
                wire.ask(appd.port, wire.binary_request(b"x", content_type=NASTY))
                appd.stop()
                self.assertEqual(self.hidden(appd.stderr()), [])
                self.assertIn(r"\u009b", appd.stderr())
        for words in (["--" + NASTY.replace("=", "")], [NASTY], ["--threads", NASTY],
                      ["--config", self.file(NASTY, NASTY + " = 1")], ["--plugin", NASTY],
                      ["--listen", "app+unix:///" + NASTY + "/x"], ["--log-file", "/" + NASTY + "/x"]):
            done = programs.run_appd(*words)
            self.assertNotEqual(done.exit, 0)
            self.assertEqual(self.hidden(done.stderr), [], words)
            self.assert_one_line(done.stderr)

    @staticmethod
    def hidden(text):
        return [c for c in NASTY if not c.isalpha() and c in text]


if __name__ == "__main__":
    unittest.main()
