"""The same requests to appd and to the server in plain Python, side by side: what both answer with the same bytes, and what
they do differently (docs/protocol.md 4, "Where we differ from the original")."""

import codecs
import encodings.aliases
import json
import struct
import sys
import unittest

from support import programs
from support import wire

# Ours, by Python's name, and text in them.
ENCODINGS = {
    "utf_8": "utf-8",
    "utf_16": "utf-16",
    "utf_16_le": "utf-16-le",
    "utf_16_be": "utf-16-be",
    "utf_32": "utf-32",
    "utf_32_le": "utf-32-le",
    "utf_32_be": "utf-32-be",
    "ascii": "ascii",
    "latin_1": "latin-1",
}
OTHER_ORDER = "big" if sys.byteorder == "little" else "little"
NATIVE = "le" if sys.byteorder == "little" else "be"


def search(value='"caf\u00e9"', encoding="utf-8", spoken=None, **changed):
    """`value` as JSON text, in `encoding`, which the header calls `spoken`; fields may be changed or, None, left out."""
    content = f'{{"action": "search", "value": {value}}}'.encode(encoding)
    return text(content, spoken or encoding, **changed)


def text(content, encoding="utf-8", **changed):
    header = wire.fields(content, "text/json", encoding)
    header.update({name.replace("_", "-"): value for name, value in changed.items()})
    return wire.with_header(header, content)


def binary(content, **changed):
    header = wire.fields(content, wire.CLIENT_BINARY, "binary")
    header.update({name.replace("_", "-"): value for name, value in changed.items()})
    return wire.with_header(header, content)


def with_header_text(replace, by, content=b'{"action": "search", "value": "ring"}'):
    header = json.dumps(wire.fields(content, "text/json", "utf-8"))
    assert replace in header
    return wire.with_header(header.replace(replace, by).encode(), content)


SAME = {
    "byteorder of another text": search(byteorder="middle"),
    "byteorder empty": search(byteorder=""),
    "byteorder in capitals": search(byteorder="LITTLE"),
    "byteorder of another text, latin-1": search(encoding="latin-1", byteorder="pdp"),
    "byteorder of another text, utf-16 with a mark": search(encoding="utf-16", byteorder="middle"),
    "byteorder of another text, utf-32 with a mark": search(encoding="utf-32", byteorder="x"),
    "byteorder of another text, utf-16-be": search(encoding="utf-16-be", byteorder="x"),
    "byteorder of another text, binary": binary(b"hello world", byteorder="middle"),
    "the other machine's order, utf-8": search(byteorder=OTHER_ORDER),
    "the other machine's order, utf-16 with a mark": search(encoding="utf-16", byteorder=OTHER_ORDER),
    "utf-16 of this machine without a mark": search(encoding=f"utf-16-{NATIVE}", spoken="utf-16"),
    "utf-32 of this machine without a mark": search(encoding=f"utf-32-{NATIVE}", spoken="utf-32"),
    "binary in an encoding that nobody knows": wire.binary_request(b"hello", encoding="nonsense"),
    "text/JSON is binary": with_header_text("text/json", "text/JSON"),
    "application/json is binary": with_header_text("text/json", "application/json"),
    "text/json with a charset is binary": with_header_text("text/json", "text/json; charset=utf-8"),
    "text/json written with escapes": with_header_text("text/json", r"\u0074ext\/json"),
    "content-length -0, and nothing": wire.with_header(
        json.dumps(wire.fields(b"", "a", "b")).replace(": 0", ": -0").encode()
    ),
    "unknown header fields": search(x=[1, {"y": None}], Content_Lengths=5),
    "unknown members, equal ones too": text(
        b'{"x": 1, "action": "search", "x": [2], "value": "ring", "Action": 5}'
    ),
    "white space around all": text(b' \t\r\n{ "action" :\n"search" , "value":"ring" } \r\n'),
    "escapes": search(r'"\u0072ing\ud83d\udc36\/\b"'),
    "an action that nobody knows": text(b'{"action": "\\u00e9\\n\\"", "value": 1}'),
}

# What the original does: it answers, or closes without a word. What we do: the status, or "ok".
ANSWERS, CLOSES = "answers", "closes"
DIFFERENT = {
    "byteorder that is no text": (search(byteorder=5), ANSWERS, "bad_header"),
    "byteorder null": (search(byteorder=None), ANSWERS, "bad_header"),
    "utf-16 without a mark and without an order": (
        search(encoding=f"utf-16-{NATIVE}", spoken="utf-16", byteorder="middle"),
        ANSWERS,
        "bad_header",
    ),
    "utf-16 of the other machine without a mark": (
        search(
            encoding="utf-16-be" if NATIVE == "le" else "utf-16-le",
            spoken="utf-16",
            byteorder=OTHER_ORDER,
        ),
        CLOSES,
        "ok",
    ),
    "an encoding that only Python knows": (search(encoding="cp1252"), ANSWERS, "unsupported_encoding"),
    "an encoding that nobody knows": (search(spoken="nonsense"), CLOSES, "unsupported_encoding"),
    "NaN": (search("NaN"), ANSWERS, "invalid_content"),
    "Infinity": (search("-Infinity"), ANSWERS, "invalid_content"),
    "half a surrogate pair": (search(r'"\ud800"'), CLOSES, "invalid_content"),
    "a leading zero": (search("01"), CLOSES, "invalid_content"),
    "a control character in a string": (search('"a\tb"'), CLOSES, "invalid_content"),
    "a byte order mark in utf-8": (text(b'\xef\xbb\xbf{"action": "search"}'), CLOSES, "invalid_content"),
    "two equal values": (search('"a", "value": "b"'), ANSWERS, "invalid_content"),
    "two equal actions": (search('"a", "action": "search"'), ANSWERS, "invalid_content"),
    "no action": (text(b'{"value": "x"}'), ANSWERS, "invalid_content"),
    "an action that is no string": (text(b'{"action": 5}'), ANSWERS, "invalid_content"),
    "an array": (text(b'["search", "ring"]'), CLOSES, "invalid_content"),
    "null to look up": (search("null"), ANSWERS, "invalid_argument"),
    "a number to look up": (search("5"), ANSWERS, "invalid_argument"),
    "a list to look up": (search("[1]"), CLOSES, "invalid_argument"),
    "names in capitals": (with_header_text("content-type", "Content-Type"), CLOSES, "ok"),
    "a length in capitals as well": (
        with_header_text('{"', '{"Content-Length": 1, "'),
        ANSWERS,
        "bad_header",
    ),
    "two equal header fields": (
        with_header_text('{"', '{"content-type": "x", "'),
        ANSWERS,
        "bad_header",
    ),
    "a length of true": (binary(b"abc", content_length=True), ANSWERS, "bad_header"),
    "a length below 0": (binary(b"abc", content_length=-1), ANSWERS, "bad_header"),
    "a length with a fraction": (binary(b"abc", content_length=3.0), CLOSES, "bad_header"),
    "a length as text": (binary(b"abc", content_length="3"), CLOSES, "bad_header"),
    "a leading zero in a length": (with_header_text('length": ', 'length": 0'), CLOSES, "bad_header"),
    "an extension of the wrong type": (search(connection=1), ANSWERS, "bad_header"),
    "a text of more than 4096 bytes": (binary(b"abc", content_type="x" * 4097), ANSWERS, "bad_header"),
}


def with_id(request):
    """The same with a request-id, so that the reply says its status."""
    (length,) = struct.unpack(">H", request[:2])
    header = b'{"request-id": 1, ' + request[3 : 2 + length].lstrip()
    return struct.pack(">H", len(header)) + header + request[2 + length :]


def spellings(name):
    return {name, name.upper(), name.replace("_", "-"), name.replace("_", " "), f" {name}--"}


def python_decodes(name):
    try:
        return codecs.lookup(name).name
    except LookupError:
        return None


class OriginalTest(programs.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.appd = programs.Appd()
        cls.addClassCleanup(cls.appd.__exit__, None)
        cls.original = programs.Peer("app_server.py")
        cls.addClassCleanup(cls.original.__exit__)

    def test_both_answer_with_the_same_bytes(self):
        for name, request in SAME.items():
            with self.subTest(name):
                expected = wire.exchange(self.original.port, request)
                self.assertNotEqual(expected, b"")
                self.assertEqual(wire.exchange(self.appd.port, request), expected)

    def test_the_differences_are_those_that_are_listed(self):
        for name, (request, original, ours) in DIFFERENT.items():
            with self.subTest(name):
                theirs = wire.exchange(self.original.port, request)
                self.assertEqual(ANSWERS if theirs else CLOSES, original)
                reply = wire.ask(self.appd.port, with_id(request))
                self.assertEqual(wire.status_of(reply), ours)
                plain = wire.ask(self.appd.port, request)
                if ours != "ok":
                    self.assertRegex(wire.result_of(plain), "^Error: ")
                self.assertEqual("status" in plain.header, ours == "bad_header")

    def test_every_name_that_python_has_for_our_encodings_is_known(self):
        names = {alias for alias, name in encodings.aliases.aliases.items() if name in ENCODINGS}
        names |= set(ENCODINGS)
        for name in sorted(names):
            for spoken in sorted(spellings(name)):
                with self.subTest(spoken):
                    if python_decodes(spoken) is None:
                        continue
                    encoding = ENCODINGS[encodings.aliases.aliases.get(name, name)]
                    request = search('"caf"', encoding=encoding, spoken=spoken)
                    reply = wire.exchange(self.appd.port, request)
                    self.assertEqual(reply, wire.exchange(self.original.port, request))
                    self.assertIn(b'No match for \\"caf\\".', reply)

    def test_every_other_encoding_of_python_is_told_to_be_unsupported(self):
        others = set(encodings.aliases.aliases.values()) - set(ENCODINGS)
        for name in sorted(others | {"utf_8_sig", "utf_7", "punycode", "idna", "koi8_r", "nonsense"}):
            with self.subTest(name):
                reply = wire.ask(self.appd.port, with_id(text(b"{}", name)))
                self.assertEqual(wire.status_of(reply), "unsupported_encoding")
                self.assertIn(f'"{name}"', wire.result_of(reply))


if __name__ == "__main__":
    unittest.main()
