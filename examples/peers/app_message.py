"""Messages of the app protocol, as a Python program writes and reads them with json and struct."""

import json
import struct
import sys

CLIENT_BINARY = "binary/custom-client-binary-type"
SERVER_BINARY = "binary/custom-server-binary-type"


def dumps(value):
    return json.dumps(value, ensure_ascii=False)


def encode(content, content_type="text/json", content_encoding="utf-8"):
    """The three parts of a message around `content`, which is bytes."""
    header = {
        "byteorder": sys.byteorder,
        "content-type": content_type,
        "content-encoding": content_encoding,
        "content-length": len(content),
    }
    text = dumps(header).encode("utf-8")
    return struct.pack(">H", len(text)) + text + content


def encode_json(value):
    return encode(dumps(value).encode("utf-8"))


class Incoming:
    """Collects the bytes of one message, in pieces of any size."""

    REQUIRED = ("byteorder", "content-type", "content-encoding", "content-length")

    def __init__(self):
        self._bytes = b""
        self.header = None
        self.content = None

    def feed(self, piece):
        """True once the message is whole. ValueError: it is none."""
        self._bytes += piece
        if self.header is None:
            text = self._take_header()
            if text is None:
                return False
            self.header = json.loads(text.decode("utf-8"))
            for field in self.REQUIRED:
                if field not in self.header:
                    raise ValueError(f"the header lacks {field}")
        length = self.header["content-length"]
        if len(self._bytes) < length:
            return False
        self.content = self._bytes[:length]
        return True

    def _take_header(self):
        if len(self._bytes) < 2:
            return None
        (length,) = struct.unpack(">H", self._bytes[:2])
        if len(self._bytes) < 2 + length:
            return None
        text = self._bytes[2 : 2 + length]
        self._bytes = self._bytes[2 + length :]
        return text

    @property
    def is_json(self):
        return self.header["content-type"] == "text/json"

    def json(self):
        return json.loads(self.content.decode(self.header["content-encoding"]))
