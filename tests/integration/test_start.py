"""appd's start: ready lines and addresses, options and their precedence, failures and exit codes."""

import os
import pathlib
import re
import signal
import socket
import unittest

from support import programs
from support import wire

USAGE = 2
FAILURE = 1


def has_ipv6():
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


def search_result(target):
    return wire.result_of(wire.ask(target, wire.call("search", "ring")))


RING = "In the caves beneath the Misty Mountains. \U0001f48d"


class ReadyTest(programs.TestCase):
    def test_ready_is_one_line_with_the_real_port(self):
        with programs.Appd() as appd:
            self.assertRegex(appd.ready_lines[0], r"^listening on app://127\.0\.0\.1:[1-9]\d*$")
            self.assertEqual(search_result(appd.port), RING)
            appd.stop()
            self.assertIsNone(appd.lines.line())

    def test_each_listener_has_its_line_in_their_order(self):
        path = self.folder / "socket"
        listen = [
            "127.0.0.1:0",
            "raw-echo://127.0.0.1:0",
            "framed-echo://127.0.0.1:0",
            "message-echo://127.0.0.1:0",
            f"app+unix://{path}",
        ]
        with programs.Appd(listen=listen) as appd:
            starts = [re.sub(r"127\.0\.0\.1:[1-9]\d*$", "", text) for text in appd.addresses]
            self.assertEqual(
                starts,
                ["app://", "raw-echo://", "framed-echo://", "message-echo://", listen[-1]],
            )
            self.assertEqual(search_result(appd.port), RING)
            self.assertEqual(search_result(path), RING)

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_ipv6(self):
        with programs.Appd(listen=["app://[::1]:0"]) as appd:
            self.assertRegex(appd.address, r"^app://\[::1\]:[1-9]\d*$")
            done = programs.appctl("search", "ring", server=appd.address)
            self.assertEqual((done.exit, done.stdout), (0, RING + "\n"))

    @unittest.skipUnless(has_ipv6(), "no IPv6 here")
    def test_every_interface_is_ipv6_and_ipv4_on_one_socket(self):
        with programs.Appd(listen=["app://:0"]) as appd:
            for host in ("127.0.0.1", "[::1]"):
                done = programs.appctl("search", "ring", server=f"app://{host}:{appd.port}")
                self.assertEqual((done.exit, done.stdout), (0, RING + "\n"), host)

    def test_a_host_name_is_resolved(self):
        with programs.Appd(listen=["app://localhost:0"]) as appd:
            done = programs.appctl("search", "ring", server=f"app://localhost:{appd.port}")
            self.assertEqual((done.exit, done.stdout), (0, RING + "\n"))

    def test_one_thread_serves_as_well(self):
        with programs.Appd(threads=1) as appd:
            self.assertEqual(search_result(appd.port), RING)

    def test_start_again_at_once_on_the_same_port(self):
        with programs.Appd() as appd:
            address, port = appd.address, appd.port
            kept = wire.connect(port)
            kept.sendall(wire.call("search", "ring", connection="keep-alive"))
            wire.read_message(kept)
            self.assertEqual(search_result(port), RING)  # the server closed it: TIME_WAIT
            self.assertEqual(appd.stop(), 0)
        with programs.Appd(listen=[address]) as appd:
            self.assertEqual(appd.address, address)
            self.assertEqual(search_result(port), RING)
        kept.close()


class FailureTest(programs.TestCase):
    """A start that fails: one clear line on standard error, nothing on standard output."""

    def fails(self, code, flags, *parts, env=None):
        done = programs.run_appd("--listen", "127.0.0.1:0", *flags, env=env)
        self.assertEqual((done.exit, done.stdout), (code, ""), (flags, done.stderr))
        self.assert_one_line(done.stderr, *parts)

    def test_a_port_in_use(self):
        with programs.Appd() as appd:
            done = programs.run_appd("--listen", appd.address)
            self.assertEqual((done.exit, done.stdout), (FAILURE, ""))
            self.assert_one_line(done.stderr, appd.port)
            self.assertEqual(search_result(appd.port), RING)

    def test_a_port_in_use_by_another_program(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.fails(FAILURE, ["--listen", f"app://127.0.0.1:{port}"], port)

    def test_a_path_that_cannot_be_bound(self):
        path = self.folder / "missing" / "socket"
        self.fails(FAILURE, ["--listen", f"app+unix://{path}"], path)

    def test_files_that_cannot_be_read(self):
        missing = self.folder / "missing"
        for flag in ("--search-file", "--config"):
            with self.subTest(flag):
                self.fails(FAILURE, [flag, missing], missing)
                self.fails(FAILURE, [flag, self.folder], self.folder)

    def test_files_that_cannot_be_written(self):
        missing = self.folder / "missing" / "file"
        for flag in ("--log-file", "--pid-file"):
            with self.subTest(flag):
                self.fails(FAILURE, [flag, missing], missing)

    def test_a_search_file_that_is_none(self):
        for text, part in (
            ("{", ""),
            ("[]", "object"),
            ('{"ring": 5}', '"ring"'),
            ('{"ring": "a", "ring": "b"}', '"ring"'),
        ):
            with self.subTest(text):
                path = self.file("search.json", text)
                self.fails(FAILURE, ["--search-file", path], path, part)

    def test_wrong_flags_and_values_name_themselves(self):
        for flags in (
            ["--frobnicate"],
            ["--thread"],
            ["--threads", "0"],
            ["--threads", "two"],
            ["--threads", "-1"],
            ["--threads"],
            ["--log-level", "loud"],
            ["--log-format", "xml"],
            ["--max-content", "-1"],
            ["--max-content", "5parsec"],
            ["--max-content", "99999999999999999999"],
            ["--idle-timeout", "soon"],
            ["--drain-timeout", "-1s"],
            ["--max-connections", "1.5"],
        ):
            with self.subTest(flags):
                self.fails(USAGE, flags, *flags)
        self.fails(USAGE, ["surplus"], "surplus")

    def test_wrong_addresses_name_themselves(self):
        for address in (
            "127.0.0.1:70000",
            "127.0.0.1",
            "http://127.0.0.1:1",
            "app+carrier-pigeon://127.0.0.1:1",
            "app://[::1:5",
            "app+unix://",
            "app://127.0.0.1:1x",
            "",
        ):
            with self.subTest(address):
                self.fails(USAGE, ["--listen", address], "listen", address)

    def test_a_wrong_variable_names_itself(self):
        self.fails(USAGE, [], "APPD_IDLE_TIMEOUT", "soon", env={"APPD_IDLE_TIMEOUT": "soon"})

    def test_a_wrong_configuration_names_file_and_key(self):
        for text, part in (
            ('threads = "many"', "threads"),
            ("thread = 2", "thread"),
            ("idle-timeout = -1", "idle-timeout"),
            ('listen = ["app://127.0.0.1:70000"]', "70000"),
            ("threads = ", ""),
        ):
            with self.subTest(text):
                path = self.file("appd.toml", text + "\n")
                self.fails(USAGE, ["--config", path], path, part)


class ConfigurationTest(programs.TestCase):
    def threads(self, *flags, env=None):
        done = programs.run_appd(*flags, "--print-config", env=env)
        self.assertEqual((done.exit, done.stderr), (0, ""))
        return int(re.search(r"^threads\s*=\s*(\d+)", done.stdout, re.M).group(1))

    def test_flag_before_environment_before_file(self):
        config = ["--config", self.file("appd.toml", "threads = 12\n")]
        variable = {"APPD_THREADS": "13"}
        self.assertEqual(self.threads(*config), 12)
        self.assertEqual(self.threads(*config, env=variable), 13)
        self.assertEqual(self.threads(*config, "--threads", "14", env=variable), 14)
        self.assertEqual(self.threads(env=variable), 13)

    def test_the_printed_configuration_is_one(self):
        flags = ["--listen=app://127.0.0.1:0", "--max-content=5MiB", "--log-format=json"]
        printed = programs.run_appd(*flags, "--print-config")
        path = self.file("appd.toml", printed.stdout)
        again = programs.run_appd("--config", path, "--print-config")
        self.assertEqual((again.exit, again.stderr), (0, ""))

        def values(text):
            return [re.sub(r"\s*#.*", "", line) for line in text.splitlines()]

        self.assertEqual(values(again.stdout), values(printed.stdout))
        self.assertIn("5MiB", again.stdout)

    def test_the_defaults_are_those_that_are_documented(self):
        printed = programs.run_appd("--print-config").stdout
        for part in ("app://127.0.0.1:65432", "16MiB", "1MiB", "1GiB", '"60s"|"1m"', '"10s"'):
            self.assertRegex(printed, part)

    def test_a_file_configures_the_server(self):
        path = self.file(
            "appd.toml",
            'listen = ["app://127.0.0.1:0", "raw-echo://127.0.0.1:0"]\n'
            'search_file = "search.json"\nmax-content = 40\n',
        )
        search = self.file("search.json", '{"key": "text"}')
        command = [programs.APPD, "--config", path, "--search-file", search]
        with programs.Program(command) as server:
            ports = [programs.port_of(server.ready_line()) for _ in range(2)]
            reply = wire.ask(ports[0], wire.call("search", "key"))
            self.assertEqual(wire.result_of(reply), "text")
            reply = wire.ask(ports[0], wire.call("search", "x" * 40))
            self.assertRegex(wire.result_of(reply), "^Error: ")

    def test_check_config_checks_and_says(self):
        good = programs.run_appd("--check-config")
        self.assertEqual((good.exit, good.stderr), (0, ""))
        self.assertNotEqual(good.stdout, "")
        bad = self.file("appd.toml", "threads = 0\n")
        self.assertEqual(programs.run_appd("--config", bad, "--check-config").exit, USAGE)
        search = self.file("search.json", "[]")
        checked = programs.run_appd("--search-file", search, "--check-config")
        self.assertEqual(checked.exit, FAILURE)

    def test_help_tells_every_option(self):
        done = programs.run_appd("--help")
        self.assertEqual((done.exit, done.stderr), (0, ""))
        for flag in (
            "listen threads config search-file log-level log-format log-file pid-file daemon "
            "max-content max-connections max-connections-per-peer header-timeout request-timeout "
            "idle-timeout write-timeout write-high-watermark max-buffered drain-timeout "
            "socket-mode backlog check-config print-config"
        ).split():
            self.assertIn(f"--{flag}", done.stdout)

    def test_version(self):
        done = programs.run_appd("--version")
        self.assertEqual(done.exit, 0)
        self.assertRegex(done.stdout, r"^appd \d+\.\d+\.\d+\n$")

    def test_a_search_file_replaces_the_entries(self):
        path = self.file("search.json", '{"key": "text", "\u00e9": "\U0001f48d"}')
        with programs.Appd("--search-file", path) as appd:
            for query, text in (
                ("key", "text"),
                ("\u00e9", "\U0001f48d"),
                ("ring", 'No match for "ring".'),
            ):
                reply = wire.ask(appd.port, wire.call("search", query))
                self.assertEqual(wire.result_of(reply), text)


class DaemonTest(programs.TestCase):
    def test_the_pid_file_holds_the_number_while_the_server_lives(self):
        path = self.folder / "appd.pid"
        with programs.Appd("--pid-file", path) as appd:
            self.assertEqual(int(path.read_text()), appd.process.pid)
            appd.stop()
            self.assertFalse(path.exists())

    def test_a_pid_file_of_a_living_server_is_left_alone(self):
        path = self.folder / "appd.pid"
        with programs.Appd("--pid-file", path) as appd:
            second = programs.run_appd("--listen=127.0.0.1:0", "--pid-file", path)
            self.assertEqual((second.exit, second.stdout), (FAILURE, ""))
            self.assert_one_line(second.stderr, path)
            self.assertEqual(int(path.read_text()), appd.process.pid)

    def test_a_pid_file_of_a_crashed_server_is_replaced(self):
        path = self.folder / "appd.pid"
        with programs.Appd("--pid-file", path) as appd:
            appd.stop(signal.SIGKILL)
        self.assertTrue(path.exists())
        with programs.Appd("--pid-file", path) as appd:
            self.assertEqual(int(path.read_text()), appd.process.pid)

    def test_a_daemon_says_ready_and_goes_to_the_background(self):
        pid_file, log = self.folder / "appd.pid", self.folder / "log"
        done = programs.run_appd(
            "--listen=127.0.0.1:0", "--daemon", "--pid-file", pid_file, "--log-file", log
        )
        pid = int(pid_file.read_text())
        try:
            self.assertEqual((done.exit, done.stderr), (0, ""))
            self.assertEqual(done.stdout.count("listening on "), 1)
            port = programs.port_of(done.stdout.strip())
            self.assertEqual(search_result(port), RING)
            self.assertNotEqual(os.getsid(pid), os.getsid(0))
        finally:
            os.kill(pid, signal.SIGTERM)
        programs.wait_until(lambda: not pid_file.exists(), "the daemon ends")

    def test_a_daemon_that_cannot_start_says_so(self):
        with programs.Appd() as appd:
            done = programs.run_appd("--listen", appd.address, "--daemon")
            self.assertEqual((done.exit, done.stdout), (FAILURE, ""))
            self.assert_one_line(done.stderr, appd.port)


class UnixSocketTest(programs.TestCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder / "socket"
        self.address = f"app+unix://{self.path}"

    def test_one_left_behind_is_replaced(self):
        with programs.Appd(listen=[self.address]) as appd:
            appd.stop(signal.SIGKILL)
        self.assertTrue(self.path.is_socket())
        with programs.Appd(listen=[self.address]):
            self.assertEqual(search_result(self.path), RING)

    def test_one_in_use_is_not_replaced(self):
        with programs.Appd(listen=[self.address]):
            done = programs.run_appd("--listen", self.address)
            self.assertEqual((done.exit, done.stdout), (FAILURE, ""))
            self.assert_one_line(done.stderr, self.path)
            self.assertEqual(search_result(self.path), RING)

    def test_its_permissions_are_those_that_were_asked_for_whatever_the_umask(self):
        for mask in ("000", "022", "077"):
            for flags, mode in (([], 0o660), (["--socket-mode=0600"], 0o600), (["--socket-mode=777"], 0o777)):
                with self.subTest(mask=mask, flags=flags):
                    prefix = ["sh", "-c", f'umask {mask}; exec "$@"', "sh"]
                    with programs.Appd(*flags, listen=[self.address], prefix=prefix):
                        self.assertEqual(self.path.stat().st_mode & 0o7777, mode)

    def test_the_mode_of_a_socket_is_octal_in_every_source(self):
        for text in ('"0640"', '"640"', "0o640", "640"):
            config = self.file("appd.toml", f"socket-mode = {text}\n")
            printed = programs.run_appd("--config", config, "--print-config").stdout
            self.assertIn('socket-mode = "0640"', printed)
        printed = programs.run_appd("--print-config", env={"APPD_SOCKET_MODE": "600"}).stdout
        self.assertIn('socket-mode = "0600"', printed)
        for wrong in ("", "0888", "01000", "rw-rw----", "-1"):
            done = programs.run_appd(f"--socket-mode={wrong}")
            self.assertEqual((done.exit, done.stdout), (USAGE, ""))
            self.assert_one_line(done.stderr, "--socket-mode")

    def test_a_backlog_is_as_long_as_was_asked_for(self):
        flags = ["--backlog=2", "--max-connections=1"]
        with programs.Appd(*flags, listen=[self.address], threads=1):
            with wire.connect(self.path) as served:
                served.sendall(wire.call("echo", 1, connection="keep-alive"))
                wire.read_message(served)  # it is accepted, and nobody else will be
                waiting = []
                try:
                    while len(waiting) < 100:
                        connection = socket.socket(socket.AF_UNIX)
                        connection.setblocking(False)
                        waiting.append(connection)
                        connection.connect(str(self.path))
                except BlockingIOError:
                    pass
                for connection in waiting:
                    connection.close()
                self.assertIn(len(waiting) - 1, (2, 3))  # Linux keeps one more

    def test_the_backlog_is_the_kernels_unless_said(self):
        try:
            limit = int(pathlib.Path("/proc/sys/net/core/somaxconn").read_text(encoding="ascii"))
        except OSError:
            limit = socket.SOMAXCONN
        self.assertIn(f"\nbacklog = {limit}  # default\n", programs.run_appd("--print-config").stdout)
        for wrong in ("0", "-1", "many", "2147483648"):
            done = programs.run_appd(f"--backlog={wrong}")
            self.assertEqual((done.exit, done.stdout), (USAGE, ""))
            self.assert_one_line(done.stderr, "--backlog")

    def test_a_file_that_is_no_socket_is_left_alone(self):
        self.path.write_text("precious")
        done = programs.run_appd("--listen", self.address)
        self.assertEqual((done.exit, done.stdout), (FAILURE, ""))
        self.assert_one_line(done.stderr, self.path)
        self.assertEqual(self.path.read_text(), "precious")

    def test_it_is_gone_behind_the_server(self):
        with programs.Appd(listen=[self.address]) as appd:
            self.assertTrue(self.path.is_socket())
            appd.stop()
            self.assertFalse(self.path.exists())

    def test_every_protocol_and_appctl(self):
        for protocol in ("raw-echo", "framed-echo", "message-echo"):
            address = f"{protocol}+unix://{self.path}"
            with self.subTest(protocol), programs.Appd(listen=[address]):
                done = programs.appctl("text", server=address)
                self.assertEqual((done.exit, done.stdout), (0, "text\n"), done.stderr)

    def test_a_path_that_is_too_long_is_told(self):
        done = programs.run_appd("--listen", f"app+unix://{self.folder}/{'x' * 200}")
        self.assertIn(done.exit, (FAILURE, USAGE))
        self.assertEqual(done.stderr.count("\n"), 1)


if __name__ == "__main__":
    unittest.main()
