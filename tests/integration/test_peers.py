"""Both directions in every protocol, with programs in plain Python at the other end."""

import socket
import struct
import unittest

from support import programs
from support import wire

SEARCHES = {
    "morpheus": "Follow the white rabbit. \U0001f430",
    "ring": "In the caves beneath the Misty Mountains. \U0001f48d",
    "\U0001f436": "\U0001f43e Playing ball! \U0001f3d0",
    "needle": 'No match for "needle".',
    "": 'No match for "".',
}


class PythonClientTest(programs.TestCase):
    """Python client -> appd."""

    def client(self, appd, *arguments):
        done = programs.run_peer("app_client.py", "127.0.0.1", appd.port, *arguments)
        self.assertEqual((done.exit, done.stderr), (0, ""))
        return done.stdout

    def test_search(self):
        with programs.Appd() as appd:
            for query, text in SEARCHES.items():
                with self.subTest(query):
                    self.assertIn(f"\ngot result: {text}\n", self.client(appd, "search", query))

    def test_binary(self):
        with programs.Appd() as appd:
            output = self.client(appd, "binary", "\U0001f603")
            self.assertIn(
                r"got response: b'First 10 bytes of request: binary\xf0\x9f\x98\x83'", output
            )
            output = self.client(appd, "hello", "world")
            self.assertIn("got response: b'First 10 bytes of request: helloworld'", output)

    def test_double_and_negate(self):
        with programs.Appd() as appd:
            self.assertIn("\nresult:  15308642\n", self.client(appd, "double", "7654321"))
            self.assertIn("\nresult:  300\n", self.client(appd, "negate", "-300"))

    def test_echo_on_one_connection_and_on_many(self):
        for protocol in ("raw", "framed", "message"):
            with programs.Appd(listen=[f"{protocol}-echo://127.0.0.1:0"]) as appd:
                for connections in (1, 100):
                    with self.subTest(protocol=protocol, connections=connections):
                        done = programs.run_peer(
                            "echo_client.py",
                            protocol,
                            "127.0.0.1",
                            appd.port,
                            f"--connections={connections}",
                        )
                        self.assertEqual((done.exit, done.stderr), (0, ""))
                        self.assertEqual(done.stdout.count("echoed"), connections)

    def test_a_client_that_believes_in_whole_reads(self):
        """It takes what one recv() gives for all of it, as some tutorial clients do."""
        with programs.Appd(listen=["framed-echo://127.0.0.1:0"]) as appd:
            with wire.connect(appd.port) as connection:
                for text in (b"Hello", b"a longer frame", b"x"):
                    frame = struct.pack(">H", len(text)) + text
                    connection.sendall(frame)
                    self.assertEqual(connection.recv(1024), frame)


class PythonServerTest(programs.TestCase):
    """appctl -> Python server."""

    def result(self, address, *arguments):
        done = programs.appctl(*arguments, server=address)
        self.assertEqual(done.exit, 0, done.stderr)
        return done.stdout

    def test_search(self):
        with programs.Peer("app_server.py") as server:
            for query, text in SEARCHES.items():
                with self.subTest(query):
                    result = self.result(f"app://127.0.0.1:{server.port}", "search", query)
                    self.assertEqual(result, text + "\n")

    def test_binary(self):
        with programs.Peer("app_server.py") as server:
            result = self.result(f"app://127.0.0.1:{server.port}", "binary", "\U0001f603")
            self.assertEqual(
                result.rstrip("\n"), "First 10 bytes of request: binary\U0001f603"
            )

    def test_double_and_negate(self):
        with programs.Peer("app_server.py", "--extended") as server:
            address = f"app://127.0.0.1:{server.port}"
            self.assertEqual(self.result(address, "double", "7654321"), "15308642\n")
            self.assertEqual(self.result(address, "negate", "-300"), "300\n")
            self.assertEqual(self.result(address, "negate", "7654321"), "-7654321\n")

    def test_an_error_counts_without_a_status(self):
        with programs.Peer("app_server.py") as server:
            done = programs.appctl("frobnicate", "x", server=f"app://127.0.0.1:{server.port}")
            self.assertEqual((done.exit, done.stdout), (1, ""))
            self.assertIn('invalid action "frobnicate".', done.stderr)

    def test_many_requests_over_many_connections(self):
        """The original closes behind each reply, so each request gets a connection of its own."""
        with programs.Peer("app_server.py") as server:
            address = f"app://127.0.0.1:{server.port}"
            result = self.result(address, "--repeat=20", "--connections=4", "search", "needle")
            self.assertEqual(set(result.splitlines()), {'No match for "needle".'})

    def test_echo(self):
        for protocol in ("raw", "framed", "message"):
            with self.subTest(protocol), programs.Peer("echo_server.py", protocol) as server:
                address = f"{protocol}-echo://127.0.0.1:{server.port}"
                self.assertEqual(self.result(address, "h\u00e9llo"), "h\u00e9llo\n")

    def test_a_host_name_is_resolved_and_each_address_tried(self):
        """localhost may be ::1 first, where nobody listens."""
        with programs.Peer("app_server.py") as server:
            names = {info[4][0] for info in socket.getaddrinfo("localhost", server.port)}
            self.assertIn("127.0.0.1", names)
            result = self.result(f"app://localhost:{server.port}", "search", "ring")
            self.assertEqual(result, SEARCHES["ring"] + "\n")


if __name__ == "__main__":
    unittest.main()
