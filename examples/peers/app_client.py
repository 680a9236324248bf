#!/usr/bin/env python3
"""A client of the app protocol in plain Python: sends one request, tells what goes on, as the
tutorial's client does.

  app_client.py HOST PORT ACTION VALUE

search goes as JSON, double and negate as their packed form, any other action as bytes.
"""

import argparse
import selectors
import socket
import struct

import app_message


def encode_request(action, value):
    if action == "search":
        return app_message.encode_json({"action": action, "value": value})
    if action in ("double", "negate"):
        content = action.encode() + struct.pack(">i", int(value))
    else:
        content = (action + value).encode("utf-8")
    return app_message.encode(content, app_message.CLIENT_BINARY, "binary")


def show_reply(message, action, address):
    if message.is_json:
        reply = message.json()
        print("received response", repr(reply), "from", address)
        print(f"got result: {reply.get('result')}")
        return
    print("received", message.header["content-type"], "response from", address)
    print("got response:", repr(message.content))
    if action in ("double", "negate") and message.content.startswith(b"result"):
        print("result: ", struct.unpack(">i", message.content[6:])[0])


def converse(connection, request, address):
    """Sends `request` when the socket is writable, collects the reply while it is readable."""
    incoming = app_message.Incoming()
    unsent = request
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ | selectors.EVENT_WRITE)
        while True:
            ((_, events),) = selector.select()
            if events & selectors.EVENT_READ:
                piece = connection.recv(4096)
                if not piece:
                    raise SystemExit("the server closed before its reply was whole")
                if incoming.feed(piece):
                    return incoming
            if events & selectors.EVENT_WRITE and unsent:
                print("sending", repr(unsent), "to", address)
                unsent = unsent[connection.send(unsent) :]
                if not unsent:
                    selector.modify(connection, selectors.EVENT_READ)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("action")
    parser.add_argument("value")
    arguments = parser.parse_args()
    address = (arguments.host, arguments.port)
    print("starting connection to", address)
    with socket.create_connection(address, timeout=30) as connection:
        request = encode_request(arguments.action, arguments.value)
        show_reply(converse(connection, request, address), arguments.action, address)
        print("closing connection to", address)


if __name__ == "__main__":
    main()
