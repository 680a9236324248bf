"""appd's log: formats, levels, and the life of a connection as it tells it."""

import json
import os
import socket
import unittest

from support import programs
from support import wire


class LogTest(programs.TestCase):
    def log_of_a_connection(self, *flags):
        """All that one request and the end of the server leave on standard error."""
        with programs.Appd(*flags) as appd:
            wire.ask(appd.port, wire.call("search", "ring"))
            self.assertEqual(appd.stop(), 0)
            return appd.stderr()

    def assert_in_order(self, text, parts):
        place = 0
        for part in parts:
            found = text.find(part, place)
            self.assertGreaterEqual(found, 0, f"{part!r} is missing behind {text[:place]!r}")
            place = found + len(part)

    LIFE = ("accepted", "received request", "sending", "closing")

    def test_debug_tells_a_connections_life(self):
        for log_format in ("text", "json"):
            with self.subTest(log_format):
                log = self.log_of_a_connection("--log-level=debug", f"--log-format={log_format}")
                self.assert_in_order(log, self.LIFE)

    def test_json_is_an_object_a_line(self):
        log = self.log_of_a_connection("--log-level=debug", "--log-format=json")
        lines = [json.loads(line) for line in log.splitlines()]
        self.assertGreaterEqual(len(lines), len(self.LIFE))
        for line in lines:
            self.assertLessEqual({"ts", "level", "msg"}, set(line))

    def test_info_does_not_tell_of_each_request(self):
        self.assertNotIn("received request", self.log_of_a_connection("--log-level=info"))

    def test_error_is_silent_where_nothing_fails(self):
        self.assertEqual(self.log_of_a_connection("--log-level=error"), "")

    def test_a_log_file_takes_it_all_and_is_appended_to(self):
        path = self.file("log", "before\n")
        errors = self.log_of_a_connection("--log-level=debug", "--log-file", path)
        self.assertEqual(errors, "")
        log = path.read_text()
        self.assertTrue(log.startswith("before\n"))
        self.assert_in_order(log, self.LIFE)

    def test_a_client_of_a_unix_socket_is_known_by_its_process(self):
        path = self.folder / "socket"
        with programs.Appd(
            "--log-level=debug", "--max-connections-per-peer=1", listen=[f"raw-echo+unix://{path}"]
        ) as appd:
            first, second = (socket.socket(socket.AF_UNIX) for _ in range(2))
            with first, second:
                first.connect(str(path))
                first.sendall(b"x")
                self.assertEqual(first.recv(1), b"x")
                second.connect(str(path))
                self.assertEqual(second.recv(1), b"")
            self.assertEqual(appd.stop(), 0)
            log = appd.stderr()
        self.assertIn(f'peer="unix pid={os.getpid()} uid={os.geteuid()}"', log)

    def test_what_a_peer_sends_cannot_forge_a_line(self):
        evil = "x\n2026-01-31 info forged \x1b[31m"
        for log_format in ("text", "json"):
            with self.subTest(log_format), programs.Appd(
                "--log-level=trace", f"--log-format={log_format}"
            ) as appd:
                wire.ask(appd.port, wire.call(evil, 1))
                wire.ask(appd.port, wire.text_request("1", action=evil))
                appd.stop()
                log = appd.stderr()
                self.assertNotIn("\x1b", log)
                forged = [line for line in log.splitlines() if line.startswith("2026-01-31 ")]
                self.assertEqual(forged, [])


if __name__ == "__main__":
    unittest.main()
