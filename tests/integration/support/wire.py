"""Sockets and messages, as the tests send and read them: any bytes, in any pieces."""

import collections
import json
import random
import socket
import struct
import sys
import threading

from support import programs

CLIENT_BINARY = "binary/custom-client-binary-type"
SERVER_BINARY = "binary/custom-server-binary-type"

# header: a dict in the order of the wire; content: bytes; raw: the whole message.
Message = collections.namedtuple("Message", "header content raw")


def connect(target):
    """To a port of 127.0.0.1, or to the path of a Unix socket."""
    if isinstance(target, int):
        return socket.create_connection(("127.0.0.1", target), timeout=programs.DEADLINE)
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(programs.DEADLINE)
    connection.connect(str(target))
    return connection


def dumps(value):
    return json.dumps(value, ensure_ascii=False).encode("utf-8")


def with_header(header, content=b""):
    """A message with any header: a dict, or bytes."""
    text = header if isinstance(header, bytes) else dumps(header)
    return struct.pack(">H", len(text)) + text + content


def fields(content, content_type, encoding, **extension):
    """The header of a message; extension fields are written with _ for -."""
    header = {
        "byteorder": sys.byteorder,
        "content-type": content_type,
        "content-encoding": encoding,
        "content-length": len(content),
    }
    header.update({name.replace("_", "-"): value for name, value in extension.items()})
    return header


def text_request(text, encoding="utf-8", **extension):
    content = text if isinstance(text, bytes) else text.encode("utf-8")
    return with_header(fields(content, "text/json", encoding, **extension), content)


def call(action, value, **extension):
    return text_request(dumps({"action": action, "value": value}), **extension)


def binary_request(content, content_type=CLIENT_BINARY, encoding="binary", **extension):
    return with_header(fields(content, content_type, encoding, **extension), content)


def read_exactly(connection, length):
    """bytes, fewer only at the end of the stream."""
    pieces = []
    while length:
        piece = connection.recv(min(length, 1 << 20))
        if not piece:
            break
        pieces.append(piece)
        length -= len(piece)
    return b"".join(pieces)


def read_message(connection):
    """None where the stream ended instead."""
    prefix = read_exactly(connection, 2)
    if not prefix:
        return None
    if len(prefix) < 2:
        raise AssertionError(f"the stream ends within a message: {prefix!r}")
    (length,) = struct.unpack(">H", prefix)
    text = read_exactly(connection, length)
    header = json.loads(text)
    content = read_exactly(connection, header["content-length"])
    if len(content) != header["content-length"]:
        raise AssertionError(f"the stream ends within a message: {text!r} {content!r}")
    return Message(header, content, prefix + text + content)


def read_to_end(connection):
    """What comes until EOF; a reset is an exception."""
    pieces = []
    while True:
        piece = connection.recv(1 << 20)
        if not piece:
            return b"".join(pieces)
        pieces.append(piece)


def exchange(target, request):
    """Sends `request` on a connection of its own, returns all that comes until EOF."""
    with connect(target) as connection:
        connection.sendall(request)
        return read_to_end(connection)


def ask(target, request):
    """The same for one message, which must be all that comes."""
    with connect(target) as connection:
        connection.sendall(request)
        reply = read_message(connection)
        if reply is None:
            raise AssertionError("closed without a reply")
        rest = read_to_end(connection)
        if rest:
            raise AssertionError(f"behind the reply came {rest!r}")
        return reply


def result_of(message):
    return json.loads(message.content)["result"]


def status_of(message):
    return message.header.get("status")


class Sender(threading.Thread):
    """Sends pieces while the test reads; a peer that closes early is no error here."""

    def __init__(self, connection, pieces, half_close=False):
        super().__init__(daemon=True)
        self.connection = connection
        self.pieces = pieces
        self.half_close = half_close
        self.sent = 0
        self.start()

    def run(self):
        try:
            for piece in self.pieces:
                self.connection.sendall(piece)
                self.sent += len(piece)
            if self.half_close:
                self.connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def pattern(length, seed=0):
    """Bytes that repeat nowhere, so that a piece lost or doubled shows."""
    return random.Random(seed).randbytes(length)


class RecordingServer:
    """A server of the test's own, for one client program: keeps each connection's bytes.

    `answer` is called with (connection, requests so far on it) once a message is whole; with None
    nothing is ever answered. It returns bytes to send, or None to close.
    """

    def __init__(self, answer):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._answer = answer
        self._open = []
        self.port = self._listener.getsockname()[1]
        self.address = f"app://127.0.0.1:{self.port}"
        self.connections = []  # of each the list of its requests, whole messages
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def requests(self):
        return [request for requests in self.connections for request in requests]

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            requests = []
            self.connections.append(requests)
            threading.Thread(target=self._serve, args=(connection, requests), daemon=True).start()

    def _serve(self, connection, requests):
        try:
            while True:
                message = read_message(connection)
                if message is None:
                    break
                requests.append(message)
                if self._answer is None:
                    continue
                reply = self._answer(connection, len(requests))
                if reply is None:
                    break
                connection.sendall(reply)
        except (OSError, ValueError, AssertionError):
            pass
        connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # Wakes a blocked accept(), which close() alone does not.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(programs.DEADLINE)
        for connection in self._open:
            connection.close()


def answer_and_close(reply):
    """For RecordingServer: as the tutorial's server does."""

    def answer(connection, _):
        connection.sendall(reply)

    return answer


def keep_answering(reply):
    """For RecordingServer: the connection stays open."""
    return lambda connection, count: reply
