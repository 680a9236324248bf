"""message-echo, framed-echo and raw-echo on the wire."""

import json
import socket
import struct
import unittest

from support import programs
from support import wire


def frame(content):
    return struct.pack(">H", len(content)) + content


class RawTest(programs.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appd = programs.Appd(listen=["raw-echo://127.0.0.1:0"])
        cls.addClassCleanup(cls.appd.__exit__, None)

    def test_every_byte_comes_back_while_the_connection_stays_open(self):
        with wire.connect(self.appd.port) as connection:
            for content in (b"x", b"Hello", bytes(range(256))):
                connection.sendall(content)
                self.assertEqual(wire.read_exactly(connection, len(content)), content)

    def test_behind_the_clients_end_the_rest_is_sent_and_the_connection_closed(self):
        content = wire.pattern(32 << 20)
        with wire.connect(self.appd.port) as connection:
            sender = wire.Sender(connection, [content], half_close=True)
            self.assertEqual(wire.read_to_end(connection), content)
            sender.join()

    def test_an_end_without_a_byte(self):
        with wire.connect(self.appd.port) as connection:
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(wire.read_to_end(connection), b"")


class FramedTest(programs.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appd = programs.Appd(listen=["framed-echo://127.0.0.1:0"])
        cls.addClassCleanup(cls.appd.__exit__, None)

    def test_frames_of_every_size_come_back(self):
        with wire.connect(self.appd.port) as connection:
            for length in (0, 1, 2, 255, 256, 65534, 65535, 0):
                sent = frame(wire.pattern(length))
                connection.sendall(sent)
                self.assertEqual(wire.read_exactly(connection, len(sent)), sent, length)

    def test_frames_at_once_and_the_clients_end(self):
        sent = b"".join(frame(wire.pattern(length, length)) for length in range(0, 65536, 1500))
        with wire.connect(self.appd.port) as connection:
            sender = wire.Sender(connection, [sent], half_close=True)
            self.assertEqual(wire.read_to_end(connection), sent)
            sender.join()

    def test_frames_cut_at_every_byte(self):
        sent = frame(b"Hello") + frame(b"") + frame(b"x" * 300)
        for cut in range(1, len(sent)):
            with wire.connect(self.appd.port) as connection:
                connection.sendall(sent[:cut])
                connection.sendall(sent[cut:])
                self.assertEqual(wire.read_exactly(connection, len(sent)), sent, cut)

    def test_half_a_frame_does_not_come_back(self):
        with wire.connect(self.appd.port) as connection:
            connection.sendall(frame(b"whole") + frame(b"not whole")[:-1])
            connection.shutdown(socket.SHUT_WR)
            self.assertEqual(wire.read_to_end(connection), frame(b"whole"))


class MessageTest(programs.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appd = programs.Appd(
            "--write-high-watermark=64KiB",
            "--max-content=1KiB",
            listen=["message-echo://127.0.0.1:0"],
        )
        cls.addClassCleanup(cls.appd.__exit__, None)

    @staticmethod
    def message(content, **more):
        header = {"Content-type": "text/plain", "Content-encoding": "utf-8"}
        header["Content-length"] = len(content)
        header.update(more)
        return wire.with_header(json.dumps(header).encode(), content)

    def test_the_whole_message_comes_back_verbatim_then_the_end(self):
        for content in (b"", b"x", wire.pattern(100_000)):
            sent = self.message(content)
            self.assertEqual(wire.exchange(self.appd.port, sent), sent)

    def test_only_a_length_is_required_in_any_spelling(self):
        for header in (
            b'{"content-length": 5}',
            b'{ "CONTENT-LENGTH" : 5 , "x": [1, {"content-length": 7}] }',
            b'{"content-length": 5, "content-type": null, "byteorder": 5}',
        ):
            sent = wire.with_header(header, b"Hello")
            with self.subTest(header):
                self.assertEqual(wire.exchange(self.appd.port, sent), sent)

    def test_what_comes_behind_one_message_is_not_echoed(self):
        sent = self.message(b"Hello")
        self.assertEqual(wire.exchange(self.appd.port, sent + b"surplus"), sent)

    def test_keep_alive_keeps(self):
        kept = self.message(b"Hello", connection="keep-alive")
        last = self.message(b"the last")
        sent = kept * 100 + last
        self.assertEqual(wire.exchange(self.appd.port, sent), sent)

    def test_a_message_cut_at_every_byte(self):
        sent = self.message(b"Hello", connection="keep-alive") + self.message(b"x")
        for cut in range(1, len(sent)):
            with wire.connect(self.appd.port) as connection:
                connection.sendall(sent[:cut])
                connection.sendall(sent[cut:])
                self.assertEqual(wire.read_to_end(connection), sent, cut)

    def test_content_comes_back_before_all_of_it_is_sent(self):
        content = wire.pattern(200_000)
        sent = self.message(content)
        with wire.connect(self.appd.port) as connection:
            connection.sendall(sent[:100_000])
            echo = wire.read_exactly(connection, 100_000)
            connection.sendall(sent[100_000:])
            self.assertEqual(echo + wire.read_to_end(connection), sent)

    def test_a_message_far_larger_than_every_buffer_streams_through(self):
        """The server may hold 64 KiB; 256 MiB go through it."""
        piece, count = wire.pattern(1 << 20), 256
        header = wire.with_header(b'{"content-length": %d}' % (len(piece) * count))
        with wire.connect(self.appd.port) as connection:
            sender = wire.Sender(connection, [header] + [piece] * count)
            self.assertEqual(wire.read_exactly(connection, len(header)), header)
            for _ in range(count):
                self.assertEqual(wire.read_exactly(connection, len(piece)), piece)
            self.assertEqual(wire.read_to_end(connection), b"")
            sender.join()

    def test_a_bad_header_is_answered(self):
        for header in (b"{", b"[]", b"{}", b'{"content-length": -1}', b'{"content-length": "5"}'):
            with self.subTest(header):
                reply = wire.ask(self.appd.port, wire.with_header(header, b"Hello"))
                self.assertEqual(wire.status_of(reply), "bad_header")
                self.assertRegex(wire.result_of(reply), "^Error: ")


if __name__ == "__main__":
    unittest.main()
