#!/usr/bin/env python3
"""A server of the app protocol in plain Python: one request a connection, then it closes.

  app_server.py [--host HOST] [--port PORT] [--extended]

--extended knows double and negate besides search and binary. Prints `listening on PORT`.
"""

import argparse
import selectors
import socket
import struct

import app_message

ENTRIES = {
    "morpheus": "Follow the white rabbit. \U0001f430",
    "ring": "In the caves beneath the Misty Mountains. \U0001f48d",
    "\U0001f436": "\U0001f43e Playing ball! \U0001f3d0",
}

CALCULATIONS = {b"double": lambda value: 2 * value, b"negate": lambda value: -value}


def answer_json(request):
    action = request.get("action")
    if action != "search":
        return {"result": f'Error: invalid action "{action}".'}
    query = request.get("value")
    return {"result": ENTRIES.get(query) or f'No match for "{query}".'}


def answer_bytes(content, extended):
    name = content[:6]
    if extended and len(content) == 10 and name in CALCULATIONS:
        (value,) = struct.unpack(">i", content[6:])
        return b"result" + struct.pack(">i", CALCULATIONS[name](value))
    return b"First 10 bytes of request: " + content[:10]


def answer(message, extended):
    if message.is_json:
        return app_message.encode_json(answer_json(message.json()))
    content = answer_bytes(message.content, extended)
    return app_message.encode(content, app_message.SERVER_BINARY, "binary")


class Conversation:
    """One connection: its request comes in, its reply goes out."""

    def __init__(self, connection, selector, extended):
        self.connection = connection
        self.selector = selector
        self.extended = extended
        self.incoming = app_message.Incoming()
        self.reply = b""
        selector.register(connection, selectors.EVENT_READ, self)

    def proceed(self, events):
        try:
            if events & selectors.EVENT_READ:
                self.read()
            else:
                self.write()
        except Exception:  # as the original does, whatever a request makes of it
            self.close()

    def read(self):
        piece = self.connection.recv(4096)
        if not piece:
            self.close()
        elif self.incoming.feed(piece):
            self.reply = answer(self.incoming, self.extended)
            self.selector.modify(self.connection, selectors.EVENT_WRITE, self)

    def write(self):
        sent = self.connection.send(self.reply)
        self.reply = self.reply[sent:]
        if not self.reply:
            self.close()

    def close(self):
        self.selector.unregister(self.connection)
        self.connection.close()


def serve(listener, extended):
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ, None)
        while True:
            for key, events in selector.select():
                if key.data is not None:
                    key.data.proceed(events)
                    continue
                connection, _ = listener.accept()
                connection.setblocking(False)
                Conversation(connection, selector, extended)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--extended", action="store_true")
    arguments = parser.parse_args()
    with socket.create_server((arguments.host, arguments.port)) as listener:
        listener.setblocking(False)
        print("listening on", listener.getsockname()[1], flush=True)
        serve(listener, arguments.extended)


if __name__ == "__main__":
    main()
