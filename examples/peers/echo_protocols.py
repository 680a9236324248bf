"""The three echo protocols: how a text goes out, and how much of the bytes received is an echo.

Each has encode(content) -> bytes, and complete(received) -> the length of the first whole unit at
the front of `received`, or 0 while it is not all there.
"""

import json
import struct


class Raw:
    closes_after_one = False

    @staticmethod
    def encode(content):
        return content

    @staticmethod
    def complete(received):
        return len(received)


class Framed:
    closes_after_one = False

    @staticmethod
    def encode(content):
        return struct.pack(">H", len(content)) + content

    @staticmethod
    def complete(received):
        if len(received) < 2:
            return 0
        whole = 2 + struct.unpack(">H", received[:2])[0]
        return whole if len(received) >= whole else 0


class Message:
    """Three parts with field names of its own spelling: only the content's length counts."""

    closes_after_one = True

    @staticmethod
    def encode(content):
        header = {
            "Content-type": "text/plain",
            "Content-encoding": "utf-8",
            "Content-length": len(content),
        }
        text = json.dumps(header).encode()
        return struct.pack(">H", len(text)) + text + content

    @staticmethod
    def complete(received):
        header_end = Framed.complete(received)
        if not header_end:
            return 0
        fields = json.loads(received[2:header_end])
        lengths = [value for name, value in fields.items() if name.lower() == "content-length"]
        whole = header_end + lengths[0]
        return whole if len(received) >= whole else 0


BY_NAME = {"raw": Raw, "framed": Framed, "message": Message}
