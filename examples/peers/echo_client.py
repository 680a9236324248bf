#!/usr/bin/env python3
"""An echo client in plain Python: N connections at once, each sends its texts and wants them back.

  echo_client.py raw|framed|message HOST PORT [--connections N] [TEXT]...

Prints a line for each connection, `connection I echoed B bytes`; exits 1 where the echo differs.
"""

import argparse
import selectors
import socket

import echo_protocols


class Exchange:
    """One connection: sends all its texts one behind the other, collects what comes back."""

    def __init__(self, number, connection, request):
        self.number = number
        self.connection = connection
        self.request = request
        self.unsent = request
        self.received = b""

    def proceed(self, events):
        """True while there is more to come."""
        if events & selectors.EVENT_WRITE:
            self.unsent = self.unsent[self.connection.send(self.unsent) :]
        if events & selectors.EVENT_READ:
            piece = self.connection.recv(65536)
            if not piece:
                return False
            self.received += piece
        return len(self.received) < len(self.request)

    @property
    def interest(self):
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self.unsent else 0)


def run(exchanges):
    with selectors.DefaultSelector() as selector:
        for exchange in exchanges:
            selector.register(exchange.connection, exchange.interest, exchange)
        while selector.get_map():
            ready = selector.select(timeout=30)
            if not ready:
                raise SystemExit("nothing comes back")
            for key, events in ready:
                if key.data.proceed(events):
                    selector.modify(key.fileobj, key.data.interest, key.data)
                else:
                    selector.unregister(key.fileobj)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("protocol", choices=echo_protocols.BY_NAME)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("texts", nargs="*", metavar="TEXT", default=["First message.", "Second."])
    parser.add_argument("--connections", type=int, default=1)
    arguments = parser.parse_args()
    protocol = echo_protocols.BY_NAME[arguments.protocol]
    texts = arguments.texts[:1] if protocol.closes_after_one else arguments.texts
    request = b"".join(protocol.encode(text.encode("utf-8")) for text in texts)

    exchanges = []
    for number in range(1, arguments.connections + 1):
        connection = socket.create_connection((arguments.host, arguments.port), timeout=30)
        connection.setblocking(False)
        exchanges.append(Exchange(number, connection, request))
    run(exchanges)
    for exchange in exchanges:
        if exchange.received != exchange.request:
            raise SystemExit(f"connection {exchange.number} got back {exchange.received!r}")
        print("connection", exchange.number, "echoed", len(exchange.received), "bytes")
        exchange.connection.close()


if __name__ == "__main__":
    main()
