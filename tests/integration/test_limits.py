"""appd's limits: what happens when each is reached. Time-outs are short and awaited by EOF."""

import os
import select
import socket
import unittest

from support import programs
from support import wire

# Long enough to tell that something does not happen, on a machine that is not stuck.
QUIET_SECONDS = 0.3

NO_DESCRIPTOR_FOR_UBSAN = "UBSan looks at an object's type through a pipe, and needs descriptors"


def is_quiet(connection):
    """Nothing arrives for a while, no end either."""
    return not select.select([connection], [], [], QUIET_SECONDS)[0]


def keep_alive(value=1):
    return wire.call("echo", value, connection="keep-alive")


def serve_all(test, appd, count):
    """So many connections at once; each closes when it has its reply, in whatever order."""
    connections = {wire.connect(appd.port): number for number in range(count)}
    for connection, number in connections.items():
        connection.sendall(wire.call("echo", number))
    while connections:
        ready, _, _ = select.select(list(connections), [], [], programs.DEADLINE)
        test.assertTrue(ready, f"{len(connections)} connections are never served")
        for connection in ready:
            with connection:
                result = wire.result_of(wire.read_message(connection))
                test.assertEqual(result, connections.pop(connection))


class ContentTest(programs.TestCase):
    def test_content_up_to_the_limit_is_taken(self):
        with programs.Appd("--max-content=10") as appd:
            reply = wire.ask(appd.port, wire.text_request('"12345678"', action="echo"))
            self.assertEqual(wire.result_of(reply), "12345678")
            request = wire.text_request('"123456789"', action="echo", request_id=1)
            reply = wire.ask(appd.port, request)
            self.assertEqual(wire.status_of(reply), "content_too_large")

    def test_too_large_is_answered_at_once_the_content_unread(self):
        for length in (16 * 2**20 + 1, 2**32, 2**63 - 1):
            header = wire.fields(b"", "text/json", "utf-8", request_id=7, connection="keep-alive")
            header["content-length"] = length
            with self.subTest(length), programs.Appd() as appd:
                reply = wire.ask(appd.port, wire.with_header(header))
                self.assertEqual(wire.status_of(reply), "content_too_large")
                self.assertEqual(reply.header["connection"], "close")
                self.assertEqual(reply.header["request-id"], 7)

    def test_a_length_of_any_size_is_answered(self):
        """Past 64 bits it may count as no valid number."""
        header = wire.fields(b"", "text/json", "utf-8", request_id=7)
        with programs.Appd() as appd:
            for length in (2**63, 2**64 - 1, 2**64, 2**64 + 5, 10**30):
                header["content-length"] = length
                reply = wire.ask(appd.port, wire.with_header(header))
                self.assertIn(wire.status_of(reply), ("content_too_large", "bad_header"))

    def test_the_default_limit_is_taken_whole(self):
        content = b'"' + b"x" * (16 * 2**20 - 2) + b'"'
        with programs.Appd() as appd:
            reply = wire.ask(appd.port, wire.text_request(content, action="echo"))
            self.assertEqual(reply.content, b'{"result": ' + content + b"}")


class HostileContentTest(programs.TestCase):
    """What takes long to look into: decoded in the pool, at most so deep."""

    def hostile(self):
        size = 4 * 2**20
        yield "nesting", b"[" * size, "utf-8", "invalid_content"
        yield "array", b"[" + b"0," * (size // 2 - 1) + b"0]", "utf-8", "ok"
        yield "escapes", b'"' + b"\\u00e9" * (size // 6 - 1) + b'"', "utf-8", "ok"
        yield "letters", b'"' + b"\xe9" * (size - 2) + b'"', "latin-1", "ok"
        yield "digits", b"7" * size, "utf-8", "ok"
        yield "members", b"{" + b'"":0,' * (size // 5 - 1) + b'"":0}', "utf-8", "ok"

    def test_each_is_answered_and_others_are_meanwhile(self):
        with programs.Appd("--threads=1") as appd, wire.connect(appd.port) as bystander:
            for name, content, encoding, status in self.hostile():
                with self.subTest(name), wire.connect(appd.port) as connection:
                    request = wire.text_request(
                        content, encoding, action="echo", request_id=1, connection="close"
                    )
                    connection.sendall(request)
                    bystander.sendall(keep_alive(name))
                    self.assertEqual(wire.result_of(wire.read_message(bystander)), name)
                    reply = wire.read_message(connection)
                    self.assertEqual(wire.status_of(reply), status)

    def test_nesting_beyond_the_limit_is_refused_in_content_and_header(self):
        for flags, limit in (((), 1000), (("--max-nesting=7",), 7)):
            deep = [b"[" * depth + b"]" * depth for depth in (limit, limit + 1)]
            with self.subTest(limit), programs.Appd(*flags) as appd:
                for content, status in zip(deep, ("ok", "invalid_content")):
                    request = wire.text_request(content, action="echo", request_id=1)
                    self.assertEqual(wire.status_of(wire.ask(appd.port, request)), status)
                header = wire.fields(b"1", "text/json", "utf-8", action="echo", request_id=1)
                text = wire.dumps(header)[:-1] + b', "x": ' + deep[1] + b"}"
                reply = wire.ask(appd.port, wire.with_header(text, b"1"))
                self.assertEqual(wire.status_of(reply), "bad_header")


class LingerTest(programs.TestCase):
    """The reply reaches a client that is still sending; then comes an end, never a reset."""

    def assert_reply_while_sending(self, appd, first, body_bytes, part):
        with wire.connect(appd.port) as connection:
            pieces = [first] + [b"x" * (1 << 20)] * (body_bytes >> 20)
            sender = wire.Sender(connection, pieces, half_close=True)
            self.assertIn(part, wire.read_to_end(connection))
            sender.join()
            self.assertEqual(wire.read_to_end(connection), b"")  # not even later

    def test_content_too_large(self):
        header = wire.fields(b"", "text/json", "utf-8")
        header["content-length"] = 32 << 20
        with programs.Appd() as appd:
            for _ in range(3):
                request = wire.with_header(header)
                self.assert_reply_while_sending(appd, request, 32 << 20, b"Error: ")

    def test_a_bad_header(self):
        with programs.Appd() as appd:
            self.assert_reply_while_sending(appd, wire.with_header(b"{"), 32 << 20, b"bad_header")

    def test_more_than_one_plain_request(self):
        with programs.Appd() as appd:
            request = wire.call("search", "ring")
            self.assert_reply_while_sending(appd, request, 8 << 20, b"Misty Mountains")

    def test_a_client_that_reads_only_when_all_is_sent(self):
        """Its reply must not be lost to a reset that the surplus provokes."""
        request = wire.call("search", "ring") + b"x" * 300_000
        with programs.Appd() as appd:
            for _ in range(20):
                self.assertIn(b"Misty Mountains", wire.exchange(appd.port, request))

    def test_lingering_is_bounded(self):
        """A client that never ends its side does not keep the server from ending."""
        with programs.Appd("--drain-timeout=100ms") as appd, wire.connect(appd.port) as connection:
            connection.sendall(wire.with_header(b"{"))
            self.assertIn(b"bad_header", wire.read_to_end(connection))
            self.assertEqual(appd.stop(), 0)


class TimeoutTest(programs.TestCase):
    REQUEST = wire.call("echo", 1, request_id=7)
    HEADER_END = REQUEST.index(b"}") + 1

    def timed_out(self, flag, sent):
        with programs.Appd(f"{flag}=200ms") as appd, wire.connect(appd.port) as connection:
            connection.sendall(sent)
            reply = wire.read_to_end(connection)
            return reply

    def test_a_header_begun_and_not_finished(self):
        for sent in (self.REQUEST[:1], self.REQUEST[:2], self.REQUEST[: self.HEADER_END - 1]):
            with self.subTest(sent):
                reply = self.timed_out("--header-timeout", sent)
                self.assertIn(b'"status": "timeout"', reply)
                self.assertIn(b'"Error: ', reply)

    def test_nothing_sent_behind_the_accept(self):
        reply = self.timed_out("--header-timeout", b"")
        self.assertTrue(reply == b"" or b'"Error: ' in reply, reply)

    def test_content_begun_and_not_finished(self):
        for sent in (self.REQUEST[: self.HEADER_END], self.REQUEST[:-1]):
            with self.subTest(sent):
                reply = self.timed_out("--request-timeout", sent)
                self.assertIn(b'"request-id": 7, "status": "timeout"', reply)

    def test_the_header_timeout_ends_with_the_header(self):
        flags = ["--header-timeout=200ms"]
        with programs.Appd(*flags) as appd, wire.connect(appd.port) as connection:
            connection.sendall(self.REQUEST[: self.HEADER_END])
            self.assertTrue(is_quiet(connection))
            connection.sendall(self.REQUEST[self.HEADER_END :])
            self.assertEqual(wire.result_of(wire.read_message(connection)), 1)

    def test_bytes_that_trickle_do_not_put_the_time_off(self):
        with programs.Appd("--header-timeout=300ms") as appd:
            with wire.connect(appd.port) as connection:
                for number in range(self.HEADER_END - 1):
                    connection.sendall(self.REQUEST[number : number + 1])
                    if select.select([connection], [], [], 0.05)[0]:
                        break
                else:
                    self.fail("a header of 1 byte each 50 ms was waited for")
                self.assertIn(b'"status": "timeout"', wire.read_to_end(connection))

    def test_an_idle_kept_connection_is_closed_without_a_word(self):
        with programs.Appd("--idle-timeout=200ms") as appd, wire.connect(appd.port) as connection:
            connection.sendall(keep_alive())
            self.assertEqual(wire.result_of(wire.read_message(connection)), 1)
            self.assertEqual(wire.read_to_end(connection), b"")

    def test_a_reply_without_progress_is_given_up(self):
        """Seen from outside: the place of the stuck connection becomes free."""
        request = wire.binary_request(wire.pattern(4 << 20), "a/b", "c", action="echo")
        flags = ["--write-timeout=300ms", "--max-connections=1"]
        with programs.Appd(*flags, threads=1) as appd, wire.connect(appd.port) as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.sendall(request)
            reply = wire.ask(appd.port, wire.call("echo", 1))
            self.assertEqual(wire.result_of(reply), 1)

    def test_a_slow_reader_is_not_given_up(self):
        content = wire.pattern(8 << 20)
        request = wire.binary_request(content, "a/b", "c", action="echo")
        with programs.Appd("--write-timeout=1s") as appd, wire.connect(appd.port) as connection:
            sender = wire.Sender(connection, [request])
            reply = b""
            while True:
                piece = connection.recv(1 << 18)
                if not piece:
                    break
                reply += piece
                select.select([], [], [], 0.05)  # in all longer than the time-out
            self.assertEqual(reply[-len(content) :], content)
            sender.join()

    def test_a_reader_that_the_kernels_buffers_last_for_long_is_not_given_up(self):
        """The kernel takes nothing from appd for seconds, while the client reads without a pause."""
        content = wire.pattern(12 << 20)
        request = wire.binary_request(content, "a/b", "c", action="echo")
        with programs.Appd("--write-timeout=1s") as appd, wire.connect(appd.port) as connection:
            sender = wire.Sender(connection, [request])
            reply = b""
            for _ in range(120):
                reply += connection.recv(20_000)
                select.select([], [], [], 0.05)
            reply += wire.read_to_end(connection)
            self.assertEqual(reply[-len(content) :], content)
            sender.join()


class ForeignProtocolTest(programs.TestCase):
    """What cannot be a message is refused by its first bytes, and the log says what it looks like."""

    TLS_HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(32)
    FOREIGN = (
        (TLS_HELLO, "a TLS hello"),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "an HTTP request"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "an SSH greeting"),
        (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "a PROXY header"),
        (b"\r\n\r\n\0\r\nQUIT\n", "a PROXY header"),
        (b"\1\1\1", "nothing known"),
    )

    def test_it_is_refused_at_once(self):
        for protocol in ("app", "message-echo"):
            for sent, looks_like in self.FOREIGN:
                with self.subTest(protocol=protocol, sent=sent):
                    flags = ["--header-timeout=1h", "--log-level=info"]
                    listen = [f"{protocol}://127.0.0.1:0"]
                    with programs.Appd(*flags, listen=listen) as appd:
                        with wire.connect(appd.port) as connection:
                            peer = connection.getsockname()
                            connection.sendall(sent)
                            reply = wire.read_message(connection)
                        self.assertEqual(wire.status_of(reply), "bad_header")
                        self.assertEqual(appd.stop(), 0)
                        lines = [line for line in appd.stderr().splitlines() if "no message" in line]
                        self.assertEqual(len(lines), 1, appd.stderr())
                        self.assertIn(" info ", lines[0])
                        self.assertIn("connection=", lines[0])
                        self.assertIn(f"peer={peer[0]}:{peer[1]}", lines[0])
                        self.assertIn(looks_like, lines[0])


class ConnectionsTest(programs.TestCase):
    def test_no_loop_accepts_beyond_the_limit(self):
        with programs.Appd("--max-connections=3", threads=4) as appd:
            connections = [wire.connect(appd.port) for _ in range(40)]
            for connection in connections:
                connection.sendall(keep_alive())
            served = set()
            while True:
                ready, _, _ = select.select(connections, [], [], QUIET_SECONDS)
                if not ready:
                    break
                for connection in ready:
                    wire.read_message(connection)
                    served.add(connection)
            self.assertEqual(len(served), 3)
            for connection in connections:
                connection.close()

    def test_further_connections_wait_until_one_ends(self):
        with programs.Appd("--max-connections=1", threads=1) as appd:
            first = wire.connect(appd.port)
            first.sendall(keep_alive("first"))
            self.assertEqual(wire.result_of(wire.read_message(first)), "first")
            with wire.connect(appd.port) as second:
                second.sendall(wire.call("echo", "second"))
                self.assertTrue(is_quiet(second))
                first.sendall(keep_alive("again"))
                self.assertEqual(wire.result_of(wire.read_message(first)), "again")
                first.close()
                self.assertEqual(wire.result_of(wire.read_message(second)), "second")

    def test_many_times_as_many_connections_are_all_served(self):
        with programs.Appd("--max-connections=4") as appd:
            serve_all(self, appd, 100)

    def test_a_peers_surplus_connection_is_overloaded(self):
        with programs.Appd("--max-connections-per-peer=1") as appd:
            first = wire.connect(appd.port)
            first.sendall(keep_alive())
            self.assertEqual(wire.result_of(wire.read_message(first)), 1)
            reply = wire.ask(appd.port, wire.call("echo", 2))
            self.assertRegex(wire.result_of(reply), "^Error: ")
            first.sendall(keep_alive(3))
            self.assertEqual(wire.result_of(wire.read_message(first)), 3)
            first.close()
            programs.wait_until(
                lambda: wire.result_of(wire.ask(appd.port, wire.call("echo", 4))) == 4,
                "the first connection's place is free",
            )

    def test_an_overloaded_client_that_sends_much_still_gets_the_reply(self):
        with programs.Appd("--max-connections-per-peer=1") as appd:
            with wire.connect(appd.port) as first:
                first.sendall(keep_alive())
                wire.read_message(first)
                with wire.connect(appd.port) as second:
                    sender = wire.Sender(second, [b"x" * (1 << 20)] * 8, half_close=True)
                    self.assertIn(b"overloaded", wire.read_to_end(second))
                    sender.join()


class DescriptorTest(programs.TestCase):
    """More connections than the system gives descriptors for."""

    LIMITED = ["sh", "-c", 'ulimit -n 40; exec "$@"', "sh"]

    # So that the descriptors end and not the places.
    FLAGS = ["--max-connections=10000"]

    def test_the_default_keeps_below_the_limit(self):
        with programs.Appd(prefix=self.LIMITED) as appd:
            serve_all(self, appd, 200)

    @unittest.skipIf(programs.SANITIZER == "address", NO_DESCRIPTOR_FOR_UBSAN)
    def test_all_are_served_as_descriptors_become_free(self):
        with programs.Appd(*self.FLAGS, prefix=self.LIMITED) as appd:
            serve_all(self, appd, 200)

    @unittest.skipIf(programs.SANITIZER == "address", NO_DESCRIPTOR_FOR_UBSAN)
    @unittest.skipUnless(os.path.exists("/proc/self/stat"), "no /proc here")
    def test_without_a_descriptor_it_does_not_spin(self):
        with programs.Appd(*self.FLAGS, prefix=self.LIMITED, threads=1) as appd:
            connections = [wire.connect(appd.port) for _ in range(100)]
            before = self.cpu_seconds(appd)
            self.assertFalse(select.select(connections, [], [], 1.0)[0])
            self.assertLess(self.cpu_seconds(appd) - before, 0.5)
            for connection in connections:
                connection.close()
            self.assertEqual(wire.result_of(wire.ask(appd.port, wire.call("echo", 1))), 1)

    @staticmethod
    def cpu_seconds(appd):
        with open(f"/proc/{appd.process.pid}/stat", encoding="ascii") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class BackpressureTest(programs.TestCase):
    def test_a_client_that_does_not_read_is_not_read_from(self):
        """128 MiB are offered; what the kernel and the watermark hold is far less."""
        content, count = wire.pattern(1 << 20), 128
        request = wire.binary_request(content, "a/b", "c", action="echo", connection="keep-alive")
        with programs.Appd("--write-high-watermark=64KiB") as appd:
            with wire.connect(appd.port) as connection:
                sender = wire.Sender(connection, [request] * count)
                while select.select([], [connection], [], 1.0)[1] and sender.is_alive():
                    pass
                self.assertTrue(sender.is_alive(), "all was taken")
                for _ in range(count):
                    self.assertEqual(wire.read_message(connection).content, content)
                sender.join()
                self.assertEqual(sender.sent, len(request) * count)

    def test_the_budget_of_all_sessions_loses_nothing(self):
        content = wire.pattern(1 << 20)
        request = wire.binary_request(content, "a/b", "c", action="echo", connection="keep-alive")
        with programs.Appd("--max-buffered=2MiB") as appd:
            connections = [wire.connect(appd.port) for _ in range(8)]
            senders = [wire.Sender(connection, [request] * 4) for connection in connections]
            for connection in connections:
                with connection:
                    for _ in range(4):
                        self.assertEqual(wire.read_message(connection).content, content)
            for sender in senders:
                sender.join()


if __name__ == "__main__":
    unittest.main()
