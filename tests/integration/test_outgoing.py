"""Handlers that call other servers: real daemons, each a process of its own."""

import json
import signal
import unittest

from support import programs
from support import wire


def relayed(server, action, value):
    """The value of a call of `relay` that asks `server`."""
    return [server, action, json.dumps(value)]


def ask(relay, server, action, value, *flags):
    return programs.appctl(
        *flags, "relay", json.dumps(relayed(server, action, value)), server=relay.address
    )


class OutgoingTest(programs.TestCase):
    def test_a_handler_calls_another_server_by_number_and_by_name(self):
        with programs.Appd() as far, programs.Relay() as relay:
            for server in (far.address, f"app://localhost:{far.port}"):
                with self.subTest(server):
                    self.assertEqual(ask(relay, server, "double", 21).stdout, "42\n")

    def test_a_handler_calls_a_server_on_a_unix_socket(self):
        path = self.folder / "far"
        with programs.Appd(listen=[f"app+unix://{path}"]), programs.Relay() as relay:
            done = ask(relay, f"app+unix://{path}", "search", "ring")
            self.assertIn("Misty Mountains", done.stdout)

    def test_an_error_of_the_other_server_comes_through(self):
        with programs.Appd() as far, programs.Relay() as relay:
            done = ask(relay, far.address, "double", "no number")
            self.assertEqual(done.exit, 1)
            self.assertIn("double takes an integer, not a string", done.stderr)

    def test_many_calls_at_once_get_each_its_own_reply(self):
        count = 500
        with programs.Appd() as far, programs.Relay() as relay:
            connections = [wire.connect(relay.port) for _ in range(5)]
            for place, connection in enumerate(connections):
                connection.sendall(
                    b"".join(
                        wire.call(
                            "relay",
                            relayed(far.address, "echo", [place, number]),
                            connection="keep-alive",
                        )
                        for number in range(count // 5)
                    )
                )
            for place, connection in enumerate(connections):
                with connection:
                    for number in range(count // 5):
                        reply = wire.read_message(connection)
                        self.assertEqual(wire.result_of(reply), [place, number])

    def test_a_server_may_call_itself_through_itself(self):
        for threads in (1, 3):
            with self.subTest(threads), programs.Relay(threads=threads) as relay:
                value = relayed(relay.address, "echo", "here")
                for _ in range(5):
                    value = relayed(relay.address, "relay", value)
                done = programs.appctl("relay", json.dumps(value), server=relay.address)
                self.assertEqual(done.stdout, "here\n", done.stderr)

    def test_a_server_that_is_gone_is_unavailable_and_found_when_it_is_back(self):
        with programs.Relay() as relay:
            with programs.Appd() as far:
                self.assertEqual(ask(relay, far.address, "double", 1).stdout, "2\n")
                far.process.kill()
                far.wait()
            done = ask(relay, far.address, "double", 1)
            self.assertEqual(done.exit, 1)
            self.assertIn(far.address, done.stderr)
            with programs.Appd(listen=[far.address]):
                self.assertEqual(ask(relay, far.address, "double", 2).stdout, "4\n")

    def test_the_deadline_of_a_call_ends_the_call_it_makes(self):
        with programs.Relay() as far, programs.Relay() as relay:
            done = ask(relay, far.address, "nap", 50_000, "--header", "deadline-ms=200")
            self.assertEqual(done.exit, 1)
            # So the other server has dropped it as well, and has nothing left to wait for.
            self.assertEqual(far.stop(), 0)

    def test_a_drain_waits_for_the_calls_that_are_under_way(self):
        with programs.Relay() as far, programs.Relay() as relay:
            with wire.connect(relay.port) as connection:
                connection.sendall(
                    wire.call(
                        "relay", relayed(far.address, "nap", 400), connection="keep-alive"
                    )
                )
                # Its reply says that the one before has been read.
                with wire.connect(relay.port) as other:
                    other.sendall(wire.call("nap", 100))
                    wire.read_message(other)
                relay.signal(signal.SIGTERM)
                self.assertEqual(wire.result_of(wire.read_message(connection)), 400)
                self.assertEqual(wire.read_to_end(connection), b"")
            self.assertEqual(relay.wait(), 0)

    def test_a_server_that_has_called_itself_drains(self):
        with programs.Relay(threads=3) as relay:
            for _ in range(6):
                ask(relay, relay.address, "echo", "x")
            self.assertEqual(relay.stop(), 0)
            self.assertIn("cut=0", relay.stderr())

    def test_the_tutorials_server_is_called_too(self):
        with programs.Peer("app_server.py") as far, programs.Relay() as relay:
            done = ask(relay, f"app://127.0.0.1:{far.port}", "search", "ring")
            self.assertIn("Misty Mountains", done.stdout)


if __name__ == "__main__":
    unittest.main()
