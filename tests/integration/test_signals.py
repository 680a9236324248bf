"""appd's signals: drain, a second signal, reopening the log and reloading."""

import signal
import socket
import struct
import time
import unittest

from support import programs
from support import wire


def refuses(port):
    try:
        wire.connect(port).close()
    except (ConnectionRefusedError, ConnectionResetError):  # the latter in the moment when the listener goes
        return True
    return False


def wait_until_draining(appd):
    """The listeners are gone."""
    programs.wait_until(lambda: refuses(appd.port), "the server takes no further connections")


class DrainTest(programs.TestCase):
    def test_term_and_int_end_an_idle_server_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number), programs.Appd() as appd:
                self.assertEqual(appd.stop(number), 0)

    def test_every_request_that_had_arrived_is_answered(self):
        count = 2000
        requests = b"".join(
            wire.call("echo", number, connection="keep-alive", request_id=number)
            for number in range(count)
        )
        with programs.Appd() as appd:
            with wire.connect(appd.port) as connection:
                # Loopback: what sendall() took has arrived, be it in the kernel's buffers.
                connection.sendall(requests)
                appd.signal(signal.SIGTERM)
                for number in range(count):
                    reply = wire.read_message(connection)
                    self.assertIsNotNone(reply, f"closed behind {number} replies")
                    self.assertEqual(wire.result_of(reply), number)
                self.assertEqual(wire.read_to_end(connection), b"")
            self.assertEqual(appd.wait(), 0)

    def test_requests_on_many_connections_are_answered(self):
        with programs.Appd() as appd:
            connections = [wire.connect(appd.port) for _ in range(100)]
            for connection in connections:
                # So that each one is accepted: what waits in the backlog ends with the listener.
                connection.sendall(wire.call("echo", "first", connection="keep-alive"))
                wire.read_message(connection)
            for connection in connections:
                connection.sendall(wire.call("search", "ring"))
            appd.signal(signal.SIGTERM)
            for connection in connections:
                with connection:
                    self.assertRegex(wire.result_of(wire.read_message(connection)), "^In the caves")
                    self.assertEqual(wire.read_to_end(connection), b"")
            self.assertEqual(appd.wait(), 0)

    def test_an_idle_kept_connection_does_not_hold_the_server_up(self):
        with programs.Appd("--drain-timeout=1h") as appd:
            with wire.connect(appd.port) as connection:
                connection.sendall(wire.call("echo", 1, connection="keep-alive"))
                wire.read_message(connection)
                appd.signal(signal.SIGTERM)
                self.assertEqual(wire.read_to_end(connection), b"")
            self.assertEqual(appd.wait(), 0)

    def test_a_client_that_never_closes_does_not_either(self):
        with programs.Appd("--drain-timeout=100ms") as appd:
            with wire.connect(appd.port) as connection:
                connection.sendall(wire.call("echo", 1, connection="keep-alive"))
                wire.read_message(connection)
                self.assertEqual(appd.stop(), 0)
                self.assertEqual(wire.read_to_end(connection), b"")

    def test_an_idle_client_that_stays_holds_up_nobody(self):
        with programs.Appd("--drain-timeout=1h") as appd:
            with wire.connect(appd.port) as connection:
                connection.sendall(wire.call("echo", 1, connection="keep-alive"))
                wire.read_message(connection)
                began = time.monotonic()
                self.assertEqual(appd.stop(), 0)
                self.assertLess(time.monotonic() - began, 4)  # a lingering close takes 5 s
                self.assertEqual(wire.read_to_end(connection), b"")

    def test_the_last_reply_says_that_it_is_the_last(self):
        request = wire.call("echo", 1, connection="keep-alive")
        with programs.Appd() as appd, wire.connect(appd.port) as connection:
            connection.sendall(request + request[:50])
            self.assertEqual(wire.read_message(connection).header["connection"], "keep-alive")
            appd.signal(signal.SIGTERM)
            wait_until_draining(appd)
            connection.sendall(request[50:] + request)
            replies = [wire.read_message(connection) for _ in range(2)]
            told = [reply.header["connection"] for reply in replies]
            self.assertEqual(told[-1], "close")
            self.assertEqual(wire.read_to_end(connection), b"")
            connection.close()
            self.assertEqual(appd.wait(), 0)

    def test_a_client_that_has_just_connected_is_heard(self):
        with programs.Appd() as appd, wire.connect(appd.port) as connection:
            self.kept_reply(appd)  # by now it is accepted
            appd.signal(signal.SIGTERM)
            connection.sendall(wire.call("echo", 1, connection="keep-alive"))
            self.assertEqual(wire.result_of(wire.read_message(connection)), 1)

    def test_half_a_request_is_waited_for_no_longer_than_the_drain_timeout(self):
        request = wire.call("search", "ring")
        with programs.Appd("--drain-timeout=300ms") as appd, wire.connect(appd.port) as connection:
            connection.sendall(request[:50])
            self.assertEqual(wire.status_of(self.kept_reply(appd)), "ok")
            self.assertEqual(appd.stop(), 0)
            wire.read_to_end(connection)  # an orderly end, with or without a word

    def test_a_reply_that_is_being_sent_is_sent_to_its_end(self):
        content = wire.pattern(8 << 20)
        request = wire.binary_request(content, "a/b", "c", action="echo")
        with programs.Appd() as appd:
            with wire.connect(appd.port) as connection:
                sender = wire.Sender(connection, [request])
                first = connection.recv(1)  # so the request is answered
                appd.signal(signal.SIGTERM)
                wait_until_draining(appd)
                reply = first + wire.read_to_end(connection)
                sender.join()
            self.assertEqual(reply[-len(content) :], content)
            self.assertEqual(appd.wait(), 0)

    def test_a_second_signal_ends_at_once(self):
        for first, second in (
            (signal.SIGTERM, signal.SIGTERM),
            (signal.SIGINT, signal.SIGTERM),
            (signal.SIGTERM, signal.SIGINT),
        ):
            with self.subTest(first=first, second=second):
                with programs.Appd("--drain-timeout=1h") as appd:
                    connection = wire.connect(appd.port)
                    self.hold_up(connection)
                    appd.signal(first)
                    wait_until_draining(appd)
                    self.assertTrue(appd.is_running())
                    appd.signal(second)
                    appd.wait()
                    connection.close()

    @staticmethod
    def hold_up(connection):
        """Replies that nobody reads: the server has something to drain."""
        content = wire.pattern(1 << 20)
        request = wire.binary_request(content, "a/b", "c", action="echo", connection="keep-alive")
        sender = wire.Sender(connection, [request] * 64)
        connection.recv(1)
        return sender

    @staticmethod
    def kept_reply(appd):
        """Of another connection: by then the server has seen what was sent before."""
        return wire.ask(appd.port, wire.call("echo", 1, request_id=1))


class HangUpTest(programs.TestCase):
    def test_the_log_is_opened_anew(self):
        log, rotated = self.folder / "log", self.folder / "log.1"
        with programs.Appd("--log-file", log, "--log-level=debug") as appd:
            wire.ask(appd.port, wire.call("search", "ring"))
            programs.wait_until(lambda: log.exists() and log.stat().st_size, "a log line")
            log.rename(rotated)
            appd.signal(signal.SIGHUP)
            programs.wait_until(log.exists, "the log file is there again")
            wire.ask(appd.port, wire.call("search", "ring"))
            programs.wait_until(lambda: "accepted" in log.read_text(), "lines in the new file")

    def test_the_search_file_is_read_again(self):
        path = self.file("search.json", '{"key": "old"}')
        with programs.Appd("--search-file", path) as appd:
            self.assertEqual(self.search(appd), "old")
            self.file("search.json", '{"key": "new"}')
            appd.signal(signal.SIGHUP)
            programs.wait_until(lambda: self.search(appd) == "new", "the new entries")

    def test_a_broken_search_file_leaves_the_old_entries(self):
        path = self.file("search.json", '{"key": "old"}')
        with programs.Appd("--search-file", path) as appd:
            self.file("search.json", '{"key": ')
            appd.signal(signal.SIGHUP)
            programs.wait_until(lambda: str(path) in appd.stderr(), "the log tells of the file")
            self.assertEqual(self.search(appd), "old")

    def test_the_log_level_is_taken_from_the_file_again(self):
        path = self.file("appd.toml", 'log-level = "error"\n')
        with programs.Appd("--config", path) as appd:
            self.search(appd)
            self.file("appd.toml", 'log-level = "debug"\n')
            appd.signal(signal.SIGHUP)

            def tells_of_requests():
                self.search(appd)
                return "received request" in appd.stderr()

            programs.wait_until(tells_of_requests, "the new level")

    def test_no_connection_notices(self):
        with programs.Appd() as appd, wire.connect(appd.port) as connection:
            for number in range(20):
                appd.signal(signal.SIGHUP)
                connection.sendall(wire.call("echo", number, connection="keep-alive"))
                self.assertEqual(wire.result_of(wire.read_message(connection)), number)

    @staticmethod
    def search(appd):
        return wire.result_of(wire.ask(appd.port, wire.call("search", "key")))


class OtherSignalsTest(programs.TestCase):
    def test_a_client_that_is_gone_does_not_end_the_server(self):
        """No SIGPIPE: replies to a connection that was reset under them."""
        with programs.Appd() as appd:
            for _ in range(20):
                connection = wire.connect(appd.port)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.sendall(wire.call("echo", "x" * 100_000, connection="keep-alive") * 10)
                connection.close()
            reply = wire.ask(appd.port, wire.call("echo", 1))
            self.assertEqual(wire.result_of(reply), 1)

    def test_a_closed_standard_output_does_not_end_the_server(self):
        with programs.Appd("--log-level=debug") as appd:
            appd.process.stdout.close()
            reply = wire.ask(appd.port, wire.call("echo", 1))
            self.assertEqual(wire.result_of(reply), 1)


if __name__ == "__main__":
    unittest.main()
