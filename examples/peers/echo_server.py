#!/usr/bin/env python3
"""An echo server in plain Python, for many connections at once.

  echo_server.py raw|framed|message [--port PORT]

Prints `listening on PORT`.
"""

import argparse
import selectors
import socket

import echo_protocols


class Echo:
    """One connection: what arrived and is not a whole unit yet, and what is to be sent."""

    def __init__(self, connection, protocol):
        self.connection = connection
        self.protocol = protocol
        self.received = b""
        self.unsent = b""
        self.ending = False

    def read(self):
        piece = self.connection.recv(65536)
        self.ending = self.ending or not piece
        self.received += piece
        while self.received:
            whole = self.protocol.complete(self.received)
            if not whole:
                return
            self.unsent += self.received[:whole]
            self.received = self.received[whole:]
            if self.protocol.closes_after_one:
                self.ending = True
                return

    def write(self):
        self.unsent = self.unsent[self.connection.send(self.unsent) :]

    @property
    def interest(self):
        """What to wait for; 0: nothing is left to do."""
        reading = 0 if self.ending else selectors.EVENT_READ
        return reading | (selectors.EVENT_WRITE if self.unsent else 0)


def proceed(selector, echo, events):
    try:
        if events & selectors.EVENT_READ:
            echo.read()
        if events & selectors.EVENT_WRITE:
            echo.write()
        interest = echo.interest
    except (OSError, ValueError):
        interest = 0
    if interest:
        selector.modify(echo.connection, interest, echo)
    else:
        selector.unregister(echo.connection)
        echo.connection.close()


def serve(listener, protocol):
    with selectors.DefaultSelector() as selector:
        selector.register(listener, selectors.EVENT_READ, None)
        while True:
            for key, events in selector.select():
                if key.data is not None:
                    proceed(selector, key.data, events)
                    continue
                connection, _ = listener.accept()
                connection.setblocking(False)
                selector.register(connection, selectors.EVENT_READ, Echo(connection, protocol))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("protocol", choices=echo_protocols.BY_NAME)
    parser.add_argument("--port", type=int, default=0)
    arguments = parser.parse_args()
    with socket.create_server(("127.0.0.1", arguments.port)) as listener:
        listener.setblocking(False)
        print("listening on", listener.getsockname()[1], flush=True)
        serve(listener, echo_protocols.BY_NAME[arguments.protocol])


if __name__ == "__main__":
    main()
