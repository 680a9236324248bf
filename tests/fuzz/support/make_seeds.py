#!/usr/bin/env python3
"""Writes the fuzzers' seeds: make_seeds.py GOLDEN_JSON FOLDER makes FOLDER/TARGET/NAME.

Most come from the recorded bytes of the tutorial's programs; the bytes that a target takes before
the real input (see the head of each *_fuzz.cc) are put in front. A target's folder is written anew.
"""

import json
import pathlib
import shutil
import struct
import sys

EXTENSIONS = (
    '"connection": "keep-alive"',
    '"connection": "close", "request-id": 17',
    '"request-id": "\\u0061b", "deadline-ms": 0, "connection": "keep-alive"',
    '"deadline-ms": 5000, "action": "double"',
    '"action": "\\u0065cho", "connection": "keep-alive", "unknown": [1, {"a": null}]',
    '"status": "ok", "request-id": -1',
)

ADDRESSES = (
    "app://127.0.0.1:65432", "127.0.0.1:0", ":80", "[::1]:5", "app+tcp://[fe80::1%eth0]:65535",
    "raw-echo://localhost:1", "framed-echo+unix:///run/a.sock", "message-echo+unix://b c",
    "app+unix://", "app://:", "http://a:1", "app+tls://a:1", "app://a:70000", "app://[::1",
)  # fmt: skip

CONFIGURATIONS = (
    'listen = ["app://127.0.0.1:0", "raw-echo+unix:///run/a.sock"]\nthreads = 4\n',
    'idle-timeout = "2m"\nheader_timeout = 1.5\nmax-content = "16MiB"\nmax-buffered = 4096\n',
    'log-level = "debug"\nlog-format = "json"\nlog-file = "a\\u0020b"\npid-file = \'c\'\n',
    'daemon = true\nsearch-file = """x"""\nmax-connections-per-peer = 0x10\n# comment\n',
    'drain-timeout = 1e3\nwrite-timeout = "500ms"\nwrite-high-watermark = "1.5 kB"\n',
    '[table]\nthreads = 1\n', 'threads = 1\nthreads = 2\n', 'a.b = 1979-05-27T07:32:00Z\n',
    '{"ring": "a", "\\u00e9": "\\n"}', '{"ring": 5}', '{"a": "b", "a": "c"}', "[]",
)  # fmt: skip

VALUES = (
    b'{"leaves": [{"key": "a/b~", "ttl_ms": 5, "color": "red"}], "named": {"\\u0061": {"key": ""}}, '
    b'"triple": [0.5, true, "blue"], "rest": {"any": [1e3, null]}}',
    b'{"rest": 1, "named": {}, "leaves": []}',
    b'{"rest": 1, "named": {}, "leaves": [{"key": "k", "other": 1}]}',
    b'{"rest": 1, "named": {"x": {"key": "k"}, "x": {"key": "k"}}, "leaves": []}',
    b'{"triple": [1, true], "rest": 1, "named": {}, "leaves": [], "rest": 2}',
)
JSON_TEXTS = (
    b"null", b" [1, -0.5e+10, 1e400, 123456789012345678901234567890]", b'{"a": {"b": []}, "a": {}}',
    b'"\\ud83d\\udc30 \\u0000 \\"\\\\\\/\\b\\f\\n\\r\\t"', b'"\\udc30"', b"[" * 40 + b"]" * 40,
    b"\xef\xbb\xbf{}", b'{"a": true, "b": false, "c": null, "d": "x", "e": 1.5}', b"-", b"01",
)  # fmt: skip


# Events of client_pool_fuzz.cc: calls that are answered, refused, cut off by a drain, broken, given up.
STARTS = b"\x00\x00\x00\x07\x00\x0f\x01\x81\x01\xf4"
POOL_EVENTS = [
    STARTS + b"\x02\x00\x02\x01" * 3,
    STARTS + b"\x02\x00" + STARTS + b"\x05\x00\x0a\x32\x02\x00" * 2,
    STARTS + b"\x04\x00\x04\x01\x0b\x40" + b"\x02\x00" * 4,
    STARTS + b"\x02\x00\x02\x01" + STARTS + b"\x09\x06\x09\x07\x02\x00\x02\x01" * 2,
    STARTS + b"\x06\x00\x07\x01\x08\x02\x0a\xff" + STARTS + b"\x03\x00\x0a\xff",
]


def message(header, content=b""):
    return struct.pack(">H", len(header)) + header + content


def parts(raw):
    (length,) = struct.unpack(">H", raw[:2])
    return raw[2 : 2 + length], raw[2 + length :]


def extended(raw, extension):
    """The message with further header fields."""
    header, content = parts(raw)
    return message(header[:-1] + b", " + extension.encode() + b"}", content)


def requests_of(cases):
    plain = [bytes.fromhex(case["request_hex"]) for case in cases]
    more = [extended(raw, fields) for raw in plain[::4] for fields in EXTENSIONS]
    return plain + more


def replies_of(cases):
    plain = [bytes.fromhex(case["response_hex"]) for case in cases]
    fields = '"connection": "keep-alive", "request-id": "a", "status": "ok"'
    return plain + [extended(raw, fields) for raw in plain[::3]]


# Seed, harmless and hurting misfortunes: none, all that nobody notices, one of those that hurt each.
WORLDS = (b"\0\0\0\0", b"\0\1\x3f\0", b"\1\0\xff\x40", b"\0\2\0\1", b"\0\3\5\x08", b"\0\4\x10\x42",
          b"\0\5\x07\x84", b"\0\6\0\x50")  # fmt: skip


def session_seeds(streams):
    """Flags (end, reading, buffers, waiting actions, hurry), slicing, world, stream."""
    choices = (b"\x00\x00", b"\x01\x01", b"\x0c\x07", b"\x02\x02", b"\x13\x30", b"\x18\x01")
    choices += (b"\x20\x05", b"\x25\x00", b"\x41\x03")
    whole = [
        choices[i % len(choices)] + WORLDS[i % len(WORLDS)] + stream for i, stream in enumerate(streams)
    ]
    # Each way to end, within a header and within content.
    cut = [bytes([end, 0]) + WORLDS[0] + streams[0][:size] for end in range(4) for size in (1, 50, -3)]
    return whole + cut


def seeds(cases):
    """Target -> inputs."""
    requests, replies = requests_of(cases), replies_of(cases)
    messages = requests + replies
    headers = [parts(raw)[0] for raw in messages]
    contents = [parts(raw)[1] for raw in messages]
    kept = [raw for raw in requests if b'"keep-alive"' in raw]
    pipelines = [b"".join(kept[i : i + 3]) + requests[i] for i in range(0, len(kept), 3)]
    frames = [struct.pack(">H", len(c)) + c for c in contents]
    text = "a\x7f\u00e9\u2603\U0001f430"
    encodings = ("utf-8", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
    encoded = [bytes([i]) + text.encode(name) for i, name in enumerate(encodings)]
    names = [bytes([128 + i]) + name.encode() for i, name in enumerate(encodings)]
    return {
        "address": [address.encode() for address in ADDRESSES],
        "app_session": session_seeds(requests + pipelines + [b""]),
        "client_pool": POOL_EVENTS,
        "client_session": [
            b"\x00\x02\x02\x05" + WORLDS[i % len(WORLDS)] + raw for i, raw in enumerate(replies)
        ]
        + [b"\x00\x01\x03\x01" + WORLDS[1] + b"".join(replies[-3:])]
        + [bytes([i, 0, 1, 9]) + WORLDS[2] + raw for i in (1, 2, 3) for raw in (messages[0], frames[0])],
        "echo_session": [b"\x00" + s for s in session_seeds(pipelines + requests[:8])]
        + [b"\x01" + s for s in session_seeds(frames[:8] + [b"".join(frames[:9])])]
        + [b"\x02" + s for s in session_seeds(messages[:4])],
        "fast_path": headers + contents + list(JSON_TEXTS) + [b"\0".join(headers[::7])],
        "frame_decoder": frames + [b"".join(frames[:5]), b"\x00\x00" * 3, b"\xff\xff"],
        "values": list(VALUES),
        "json": contents + headers + list(JSON_TEXTS),
        "message_decoder": [b"\x0c" + s for s in messages + pipelines] + [b"\x03" + messages[0]],
        "message_header": [b"\x00" + h for h in headers] + [b"\x01" + h for h in headers[:5]],
        "option_file": [text.encode() for text in CONFIGURATIONS],
        "text_encoding": encoded + names + [b"\x07ascii", b"\x08latin-\xe9"],
    }


def main(golden, folder):
    cases = json.loads(pathlib.Path(golden).read_text(encoding="utf-8"))["cases"]
    for target, inputs in seeds(cases).items():
        place = pathlib.Path(folder) / target
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        for number, data in enumerate(dict.fromkeys(inputs)):
            (place / f"seed-{number:03}").write_bytes(data)


if __name__ == "__main__":
    main(*sys.argv[1:])
