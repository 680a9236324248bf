"""The app protocol on the wire: slicing, pipelining, extensions, errors, orderly ends."""

import json
import socket
import struct
import sys
import unittest

from support import programs
from support import wire

# Python's own limit on the digits of a number.
if hasattr(sys, "set_int_max_str_digits"):
    sys.set_int_max_str_digits(0)

BASE_FIELDS = ["byteorder", "content-type", "content-encoding", "content-length"]


class AppTest(programs.TestCase):
    """One server for all tests of a class: each uses connections of its own."""

    @classmethod
    def setUpClass(cls):
        cls.appd = programs.Appd("--max-content=4MiB")
        cls.addClassCleanup(cls.appd.__exit__, None)
        cls.port = cls.appd.port

    def ask(self, request):
        return wire.ask(self.port, request)

    def assert_error(self, reply, status, pattern):
        """`status` None: a plain reply."""
        self.assertEqual(wire.status_of(reply), status)
        self.assertEqual(reply.header["content-type"], "text/json")
        self.assertRegex(wire.result_of(reply), f"^Error: .*{pattern}")


class SlicingTest(AppTest):
    REQUESTS = {
        "json": wire.call("search", "\U0001f436"),
        "binary": wire.binary_request(b"double\x00\x74\xcb\xb1"),
        "extended": wire.call("echo", [1], request_id="a\u00e9", connection="close"),
        "bad header": wire.with_header(b"{'byteorder'}"),
    }

    def test_a_message_cut_at_every_byte_gets_the_same_reply(self):
        for name, request in self.REQUESTS.items():
            with self.subTest(name):
                whole = wire.exchange(self.port, request)
                connections = [wire.connect(self.port) for _ in request[1:]]
                for cut, connection in enumerate(connections, 1):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                    connection.sendall(request[:cut])
                for cut, connection in enumerate(connections, 1):
                    with connection:
                        connection.sendall(request[cut:])
                        self.assertEqual(wire.read_to_end(connection), whole, f"cut at {cut}")

    def test_a_message_byte_by_byte(self):
        request = self.REQUESTS["json"]
        with wire.connect(self.port) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for number in range(len(request)):
                connection.sendall(request[number : number + 1])
            self.assertEqual(
                wire.read_to_end(connection), wire.exchange(self.port, request)
            )

    def test_two_messages_cut_at_every_byte(self):
        requests = wire.call("echo", 1, connection="keep-alive") + wire.call("echo", 2)
        whole = wire.exchange(self.port, requests)
        self.assertEqual(whole.count(b'{"result": '), 2)
        for cut in range(1, len(requests)):
            with wire.connect(self.port) as connection:
                connection.sendall(requests[:cut])
                connection.sendall(requests[cut:])
                self.assertEqual(wire.read_to_end(connection), whole, f"cut at {cut}")

    def test_a_client_that_stops_sending_gets_its_reply(self):
        with wire.connect(self.port) as connection:
            connection.sendall(self.REQUESTS["json"])
            connection.shutdown(socket.SHUT_WR)
            self.assertIn("Playing ball!".encode(), wire.read_to_end(connection))

    def test_half_a_message_and_the_end_is_an_orderly_end(self):
        for cut in (0, 1, 2, 50, 120):
            with self.subTest(cut), wire.connect(self.port) as connection:
                connection.sendall(self.REQUESTS["json"][:cut])
                connection.shutdown(socket.SHUT_WR)
                wire.read_to_end(connection)


class ExtensionTest(AppTest):
    def test_a_plain_reply_has_the_four_fields_alone(self):
        for request in (
            wire.call("echo", 1),
            wire.call("frobnicate", 1),
            wire.text_request("1", action="echo"),
            wire.text_request("1", action="echo", unknown={"deep": [None]}),
        ):
            self.assertEqual(list(self.ask(request).header), BASE_FIELDS)

    def test_an_extended_reply_has_its_fields_in_order(self):
        for extension, names in (
            ({"connection": "close"}, ["connection", "status"]),
            ({"connection": "close", "request_id": 1}, ["connection", "request-id", "status"]),
            ({"request_id": "x"}, ["connection", "request-id", "status"]),
            ({"deadline_ms": 60000}, ["connection", "status"]),
        ):
            with self.subTest(extension):
                reply = self.ask(wire.call("echo", 1, **extension))
                self.assertEqual(list(reply.header), BASE_FIELDS + names)
                self.assertEqual(reply.header["connection"], "close")
                self.assertEqual(reply.header["status"], "ok")

    def test_a_request_id_comes_back_unchanged(self):
        for number in (0, -1, 17, 2**63, 10**30, "", "abc", "\u00e9 \U0001f430 \" \\ \n"):
            with self.subTest(number):
                reply = self.ask(wire.call("echo", 1, request_id=number))
                self.assertEqual(reply.header["request-id"], number)

    def test_field_names_compare_without_case(self):
        content = wire.dumps({"action": "echo", "value": 1})
        header = {
            "ByteOrder": "big",
            "CONTENT-TYPE": "text/json",
            "Content-Encoding": "utf-8",
            "Content-length": len(content),
            "Request-ID": 5,
        }
        reply = self.ask(wire.with_header(header, content))
        self.assertEqual(reply.header["request-id"], 5)

    def test_pipelined_requests_are_answered_in_order(self):
        count = 1000
        requests = [
            wire.call("echo", number, connection="keep-alive", request_id=number)
            for number in range(count)
        ]
        with wire.connect(self.port) as connection:
            sender = wire.Sender(connection, requests + [wire.call("echo", "last")])
            for number in range(count):
                reply = wire.read_message(connection)
                self.assertEqual(reply.header["request-id"], number)
                self.assertEqual(reply.header["connection"], "keep-alive")
                self.assertEqual(wire.result_of(reply), number)
            self.assertEqual(wire.result_of(wire.read_message(connection)), "last")
            self.assertEqual(wire.read_to_end(connection), b"")
            sender.join()

    def test_what_is_pipelined_behind_a_plain_request_is_not_answered(self):
        reply = self.ask(wire.call("echo", 1) + wire.call("echo", 2) * 1000)
        self.assertEqual(wire.result_of(reply), 1)

    def test_the_header_names_the_action(self):
        reply = self.ask(wire.text_request('[1, "x"]', action="echo"))
        self.assertEqual(reply.content, b'{"result": [1, "x"]}')
        reply = self.ask(wire.binary_request(b"\0\1\2", "image/png", "gzip", action="echo"))
        self.assertEqual(reply.content, b"\0\1\2")
        self.assertEqual(reply.header["content-type"], "image/png")
        self.assertEqual(reply.header["content-encoding"], "gzip")
        reply = self.ask(wire.binary_request(struct.pack(">i", -5), action="negate"))
        self.assertEqual(reply.content, b"result\0\0\0\5")

    def test_a_far_deadline_changes_nothing(self):
        reply = self.ask(wire.call("echo", 1, deadline_ms=3_600_000))
        self.assertEqual((wire.status_of(reply), wire.result_of(reply)), ("ok", 1))


class ErrorTest(AppTest):
    def header_without(self, name):
        header = wire.fields(b"", "text/json", "utf-8")
        del header[name]
        return header

    def header_with(self, **changed):
        header = wire.fields(b"", "text/json", "utf-8")
        header.update({name.replace("_", "-"): value for name, value in changed.items()})
        return header

    def test_a_bad_header_is_answered_and_the_connection_closed(self):
        good = wire.dumps(self.header_with())
        headers = {name: self.header_without(name) for name in BASE_FIELDS}
        headers.update(
            {
                "no JSON": b"{",
                "no object": b"[]",
                "empty": b"",
                "not UTF-8": b'{"\xff": 1}',
                "order": self.header_with(byteorder=1),
                "type": self.header_with(content_type=5),
                "encoding": self.header_with(content_encoding=None),
                "length true": self.header_with(content_length=True),
                "length text": self.header_with(content_length="5"),
                "length negative": self.header_with(content_length=-1),
                "length fraction": self.header_with(content_length=5.0),
                "length list": self.header_with(content_length=[5]),
                "length null": self.header_with(content_length=None),
                "length twice": good[:-1] + b', "content-length": 0}',
                "length twice in other case": good[:-1] + b', "Content-Length": 0}',
                "request-id": self.header_with(request_id=[1]),
                "connection": self.header_with(connection=1),
                "deadline": self.header_with(deadline_ms="soon"),
                "action": self.header_with(action=7),
            }
        )
        for name, header in headers.items():
            with self.subTest(name):
                reply = self.ask(wire.with_header(header) + wire.call("echo", "behind it"))
                self.assert_error(reply, "bad_header", "")
                self.assertEqual(reply.header["connection"], "close")

    def test_an_order_that_is_needed_and_not_said_is_a_bad_header(self):
        content = '{"action": "search", "value": "ring"}'.encode("utf-16-le")
        for piece in (len(content), 7):
            header = wire.fields(content, "text/json", "utf-16", request_id=7)
            header.update({"byteorder": "middle", "connection": "keep-alive"})
            request = wire.with_header(header, content)
            with self.subTest(piece), wire.connect(self.port) as connection:
                # Another's header is decoded meanwhile.
                connection.sendall(request[:-piece])
                self.ask(wire.call("echo", 1, request_id="other"))
                connection.sendall(request[-piece:] + wire.call("echo", "behind it"))
                reply = wire.read_message(connection)
                self.assert_error(reply, "bad_header", "byteorder")
                self.assertEqual(reply.header["request-id"], 7)
                self.assertEqual(reply.header["connection"], "close")
                self.assertEqual(wire.read_to_end(connection), b"")

    def test_a_request_id_of_4096_bytes_comes_back_and_a_longer_one_does_not(self):
        for quotes, one in (('"', "x"), ('"', "\\"), ("", "7")):
            longest = one * 4096
            for text in (longest[:4095] if one != "\\" else longest[:4094], longest):
                identity = json.loads(f"{quotes}{text}{quotes}") if quotes else int(text)
                with self.subTest(one=one, length=len(text)):
                    header = wire.dumps(self.header_with())[:-1].decode()
                    request = wire.with_header(
                        f'{header}, "request-id": {quotes}{text}{quotes}}}'.encode()
                    )
                    reply = self.ask(request)
                    self.assert_error(reply, "invalid_content", "")
                    self.assertEqual(reply.header["request-id"], identity)
            request = wire.with_header(
                f'{header}, "request-id": {quotes}{longest + one * 2}{quotes}}}'.encode()
            )
            self.assert_error(self.ask(request), "bad_header", "at most 4096 bytes")

    def test_a_reply_repeats_the_longest_texts_of_a_header(self):
        longest = "\x01" * 4096  # six bytes each where it is written
        for identity in ("i" * 4096, int("7" * 4096)):
            request = wire.binary_request(
                b"abc", longest, longest, action="echo", request_id=identity
            )
            reply = self.ask(request)
            self.assertEqual(wire.status_of(reply), "ok")
            self.assertEqual(reply.header["content-type"], longest)
            self.assertEqual(reply.header["content-encoding"], longest)
            self.assertEqual(reply.header["request-id"], identity)
            self.assertGreater(len(reply.raw), 50_000)

    def test_a_bad_header_still_gets_its_request_id(self):
        header = self.header_without("byteorder")
        header["request-id"] = "id"
        reply = self.ask(wire.with_header(header))
        self.assert_error(reply, "bad_header", "byteorder")
        self.assertEqual(reply.header["request-id"], "id")

    def test_what_python_calls_false_is_answered(self):
        for content in ("{}", "[]", '""', "0", "null", "false", ""):
            with self.subTest(content):
                self.assert_error(self.ask(wire.text_request(content)), None, "")
                reply = self.ask(wire.text_request(content, request_id=1))
                self.assert_error(reply, "invalid_content", "")

    def test_errors_keep_the_connection_that_was_negotiated(self):
        def text(content, **extension):
            return wire.text_request(content, connection="keep-alive", **extension)

        cases = [
            (text("{"), "invalid_content", ""),
            (text(b'{"action": "\xff"}'), "invalid_content", ""),
            (text('{"value": 1}'), "invalid_content", "action"),
            (text('{"action": 1}'), "invalid_content", "action"),
            (text("{}", encoding="ebcdic"), "unsupported_encoding", "ebcdic"),
            (text('{"action": "x"}'), "invalid_action", 'invalid action "x".'),
            (text('{"action": "search"}'), "invalid_argument", "string"),
            (text('{"action": "search", "value": ["x"]}'), "invalid_argument", "string"),
            (text('{"action": "double", "value": 5.0}'), "invalid_argument", "integer"),
            (text('{"action": "double", "value": 9223372036854775807}'), "out_of_range", ""),
            (
                wire.binary_request(b"negate\x80\0\0\0", connection="keep-alive"),
                "out_of_range",
                "",
            ),
        ]
        with wire.connect(self.port) as connection:
            for request, status, pattern in cases * 2:
                connection.sendall(request)
                self.assert_error(wire.read_message(connection), status, pattern)
            connection.sendall(wire.call("echo", "still here"))
            self.assertEqual(wire.result_of(wire.read_message(connection)), "still here")
            self.assertEqual(wire.read_to_end(connection), b"")

    def test_one_clients_error_is_no_others(self):
        with wire.connect(self.port) as other:
            half = wire.call("echo", 1)
            other.sendall(half[:60])
            for _ in range(50):
                wire.exchange(self.port, wire.with_header(b"{"))
            other.sendall(half[60:])
            self.assertEqual(wire.result_of(wire.read_message(other)), 1)

    def test_an_unknown_action_gets_exactly_this(self):
        reply = self.ask(wire.call("frob\u00e9", 1))
        self.assertEqual(
            reply.content.decode(), '{"result": "Error: invalid action \\"frob\u00e9\\"."}'
        )

    def test_nesting_costs_no_stack(self):
        most = 1_000_000
        deep = "[" * most + "]" * most
        with programs.Appd(f"--max-nesting={most}") as appd:
            reply = wire.ask(appd.port, wire.text_request(deep, action="echo"))
            self.assertEqual(reply.content.decode(), f'{{"result": {deep}}}')
        reply = self.ask(wire.text_request("[" * 1_000_000, action="echo", request_id=1))
        self.assert_error(reply, "invalid_content", "")

    def test_bytes_of_any_other_protocol_get_an_orderly_end(self):
        for greeting in (
            b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 2000,
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 2000,
            b"\0" * 70_000,
            b"\xff" * 70_000,
        ):
            with self.subTest(greeting[:4]), wire.connect(self.port) as connection:
                sender = wire.Sender(connection, [greeting], half_close=True)
                self.assertIn(b"bad_header", wire.read_to_end(connection))
                sender.join()

    def test_every_encoding_of_python(self):
        text = json.dumps({"action": "search", "value": "caf\u00e9 \U0001f436"}, ensure_ascii=False)
        names = "utf-8 utf8 UTF-8 utf-16 utf-16-le utf-16-be utf-32 utf_32_le utf-32-be"
        for encoding in names.split():
            with self.subTest(encoding):
                reply = self.ask(wire.text_request(text.encode(encoding), encoding=encoding))
                self.assertEqual(wire.result_of(reply), 'No match for "caf\u00e9 \U0001f436".')
        for encoding in ("latin-1", "iso-8859-1", "L1"):
            content = '{"action": "search", "value": "caf\u00e9"}'.encode(encoding)
            reply = self.ask(wire.text_request(content, encoding=encoding))
            self.assertEqual(wire.result_of(reply), 'No match for "caf\u00e9".')
        reply = self.ask(wire.text_request(b'{"action": "echo", "value": 1}', encoding="ascii"))
        self.assertEqual(wire.result_of(reply), 1)


if __name__ == "__main__":
    unittest.main()
