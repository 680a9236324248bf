"""Addresses and names: what is listened on and connected to, on machines that lack something. Each has a network of its own
(unshare(1)); where that is not allowed, the tests are skipped."""

import functools
import json
import pathlib
import subprocess
import sys
import unittest

from support import programs

OWN_NETWORK = pathlib.Path(__file__).resolve().parent / "support" / "own_network.py"
RING = "In the caves beneath the Misty Mountains. \U0001f48d\n"
FAILURE = 1
CANNOT_CONNECT = 3
BOTH = "127.0.0.1 localhost\n::1 localhost\n"


def works(command):
    try:
        return subprocess.run(command, capture_output=True, timeout=programs.DEADLINE).returncode == 0
    except OSError:
        return False


@functools.lru_cache(None)
def namespace_commands():
    """How to make namespaces and how to enter those of a process; None: not allowed."""
    for make, enter in (
        (["unshare", "-n", "-m"], ["nsenter", "-n", "-m"]),
        (["unshare", "-r", "-n", "-m"], ["nsenter", "-U", "--preserve-credentials", "-n", "-m"]),
    ):
        if works([*make, sys.executable, OWN_NETWORK]):
            return make, enter
    return None


class OwnNetwork:
    """A machine of a test's own: `with OwnNetwork(...) as network`; `network.enter` begins commands that run on it."""

    def __init__(self, *options):
        make, enter = namespace_commands()
        self._holder = subprocess.Popen(
            [*make, sys.executable, str(OWN_NETWORK), *map(str, options)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        line = programs.LineReader(self._holder.stdout).line()
        if line != "ready":
            self.__exit__()
            raise AssertionError(f"no network of its own: {line}")
        self.enter = [*enter, "-t", str(self._holder.pid)]

    def run(self, *command):
        return programs.run([*self.enter, *command])

    def appctl(self, server, *arguments):
        return self.run(programs.APPCTL, "--timeout=20", "--server", server, *arguments)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._holder.stdin.close()
        self._holder.wait(programs.DEADLINE)
        self._holder.stdout.close()


class AddressesTest(programs.TestCase):
    def setUp(self):
        super().setUp()
        if namespace_commands() is None:
            self.skipTest("no namespaces for this user")

    def network(self, *options, hosts=None):
        if hosts:
            options = (*options, "--hosts", self.file("hosts", hosts))
        network = OwnNetwork(*options)
        self.addCleanup(network.__exit__)
        return network

    def assert_answers(self, network, server):
        done = network.appctl(server, "search", "ring")
        self.assertEqual((done.exit, done.stdout), (0, RING), done.stderr)


class NameTest(AddressesTest):
    def test_an_address_that_is_not_there_is_left_out_and_told(self):
        for hosts in (BOTH, "::1 localhost\n127.0.0.1 localhost\n"):
            network = self.network("--no-ipv6", hosts=hosts)
            for threads in (1, 3):
                with self.subTest(hosts=hosts, threads=threads):
                    with programs.Appd(
                        listen=["app://localhost:7000"], threads=threads, prefix=network.enter
                    ) as appd:
                        self.assertEqual(appd.addresses, ["app://127.0.0.1:7000"])
                        self.assert_answers(network, "app://localhost:7000")
                        self.assertEqual(appd.stop(), 0)
                        told = [line for line in appd.stderr().splitlines() if " warn " in line]
                        self.assertEqual(len(told), 1, told)
                        self.assertIn("[::1]:7000", told[0])
                        self.assertIn("Cannot assign requested address", told[0])

    def test_where_none_works_it_fails_with_one_line(self):
        network = self.network("--no-ipv6", hosts="::1 localhost\n")
        done = network.run(programs.APPD, "--listen", "app://localhost:7000")
        self.assertEqual((done.exit, done.stdout), (FAILURE, ""))
        self.assert_one_line(done.stderr, "[::1]:7000", "Cannot assign requested address")

    def test_one_in_use_is_an_error_though_another_is_free(self):
        network = self.network(hosts="127.0.0.1 localhost\n127.0.0.2 localhost\n")
        with programs.Appd(listen=["app://127.0.0.2:7000"], prefix=network.enter):
            done = network.run(programs.APPD, "--listen", "app://localhost:7000")
            self.assertEqual((done.exit, done.stdout), (FAILURE, ""))
            self.assert_one_line(done.stderr, "127.0.0.2:7000", "already in use")
        # Nothing is left of it.
        with programs.Appd(listen=["app://127.0.0.1:7000"], prefix=network.enter):
            self.assert_answers(network, "app://127.0.0.1:7000")

    def test_port_0_is_one_port_for_all_addresses(self):
        network = self.network(hosts="".join(f"127.0.0.{i} localhost\n" for i in (1, 2, 3)))
        command = [*network.enter, programs.APPD, "--threads=2", "--listen=app://localhost:0"]
        with programs.Program(command) as appd:
            lines = [appd.ready_line() for _ in range(3)]
            hosts = [line.removeprefix("listening on ").rpartition(":")[0] for line in lines]
            self.assertEqual(sorted(hosts), [f"app://127.0.0.{i}" for i in (1, 2, 3)])
            ports = {programs.port_of(line) for line in lines}
            self.assertEqual(len(ports), 1, lines)
            for host in hosts:
                self.assert_answers(network, f"{host}:{ports.copy().pop()}")

    def test_port_0_finds_a_port_that_is_free_on_all_addresses(self):
        network = self.network(
            "--ports", 40000, 40007, hosts="127.0.0.1 localhost\n127.0.0.2 localhost\n"
        )
        taken = [f"raw-echo://127.0.0.2:{port}" for port in range(40000, 40007)]
        with programs.Appd(listen=taken, prefix=network.enter):
            command = [*network.enter, programs.APPD, "--listen=app://localhost:0"]
            # Sixteen tries may all miss the one port: then it is told, and ended.
            with programs.Program(command) as appd:
                line = appd.lines.line()
                if line is None:
                    self.assertEqual(appd.wait(), FAILURE)
                    self.assert_one_line(appd.stderr(), "127.0.0.2:", "already in use")
                else:
                    self.assertEqual(programs.port_of(line), 40007)

    def test_every_interface_is_ipv4s_without_ipv6(self):
        network = self.network("--no-ipv6")
        with programs.Appd(listen=["app://:7000"], prefix=network.enter):
            self.assert_answers(network, "app://127.0.0.1:7000")
            self.assert_answers(network, "app://:7000")

    def test_clients_go_on_to_the_address_that_answers(self):
        network = self.network("--no-ipv6", hosts="::1 far\n127.0.0.9 far\n127.0.0.1 far\n")
        with programs.Appd(listen=["app://127.0.0.1:7000"], prefix=network.enter):
            self.assert_answers(network, "app://far:7000")
            done = network.appctl("app://far:7000", "bench", "--duration=0.2", "echo", "1")
            self.assertEqual(done.exit, 0, done.stderr)
            with programs.Relay(prefix=network.enter) as relay:
                value = json.dumps(["app://far:7000", "search", '"ring"'])
                done = network.appctl(relay.address, "relay", value)
                self.assertEqual((done.exit, done.stdout), (0, RING), done.stderr)

    def test_what_is_told_of_a_name_is_why_nobody_answers(self):
        network = self.network("--no-ipv6", hosts="127.0.0.1 far\n::1 far\n")
        done = network.appctl("app://far:7000", "search", "x")
        self.assertEqual(done.exit, CANNOT_CONNECT)
        self.assert_one_line(done.stderr, "127.0.0.1:7000", "Connection refused")


class SelfConnectTest(AddressesTest):
    """Nobody listens, and the system gives clients the very port that is called."""

    SERVER = "127.0.0.1:40000"

    def setUp(self):
        super().setUp()
        self.own = self.network("--ports", 40000, 40000)

    def test_nobody_is_there(self):
        for protocol, *words in (
            ("raw-echo", "hello"),
            ("framed-echo", "hello"),
            ("message-echo", "hello"),
            ("app", "search", "ring"),
            ("app", "double", "21"),
            ("app", "bench", "--duration=0.2", "echo", "1"),
            ("app", "describe"),
        ):
            with self.subTest(protocol=protocol, words=words):
                done = self.own.appctl(f"{protocol}://{self.SERVER}", *words)
                self.assertEqual((done.exit, done.stdout), (CANNOT_CONNECT, ""))
                self.assertIn("Connection refused", done.stderr)

    def test_calls_of_handlers_find_nobody_either(self):
        # On a Unix socket, since the only port for clients is the one that is called.
        relay_address = f"app+unix://{self.folder / 'relay'}"
        with programs.Relay(listen=[relay_address], prefix=self.own.enter):
            value = json.dumps([f"app://{self.SERVER}", "search", '"ring"'])
            done = self.own.appctl(relay_address, "relay", value)
            self.assertEqual((done.exit, done.stdout), (1, ""))
            self.assertIn("Connection refused", done.stderr)


class NotationTest(AddressesTest):
    def test_an_ipv4_address_in_ipv6_is_ipv4(self):
        network = self.network("--no-ipv6")
        with programs.Appd(listen=["app://[::ffff:127.0.0.1]:7000"], prefix=network.enter) as appd:
            self.assertEqual(appd.address, "app://127.0.0.1:7000")
            self.assert_answers(network, "app://[::ffff:127.0.0.1]:7000")
            self.assert_answers(network, "app://[::ffff:7f00:1]:7000")

    def test_an_interface_that_is_not_there_is_named(self):
        network = self.network()
        for address in ("app://[fe80::1%nope]:7000", "app://[fe80::1%25nope]:7000"):
            done = network.run(programs.APPD, "--listen", address)
            self.assertEqual(done.exit, FAILURE)
            self.assert_one_line(done.stderr, "there is no interface nope")
            done = network.appctl(address, "search", "x")
            self.assertEqual(done.exit, CANNOT_CONNECT)
            self.assert_one_line(done.stderr, "there is no interface nope")


if __name__ == "__main__":
    unittest.main()
