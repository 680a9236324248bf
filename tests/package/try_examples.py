"""The examples as programs, built against the installed package: try_examples.py APPCTL FOLDER.

They are called by their users' own tools: appctl, redis-cli and redis-benchmark, and plain sockets.
"""

import os
import pathlib
import shutil
import socket
import sys
import unittest

os.environ["APPCTL"], FOLDER = sys.argv[1], pathlib.Path(sys.argv.pop(2))
del sys.argv[1]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "integration"))

from support import programs  # noqa: E402
from support import wire  # noqa: E402


class Example(programs.Appd):
    def __init__(self, name, *flags, **arguments):
        self.program = FOLDER / name
        super().__init__(*flags, **arguments)


class ExampleTest(programs.TestCase):
    def ask(self, server, *words, **more):
        """What appctl prints, without its line end."""
        done = programs.appctl(*words, server=server, **more)
        self.assertEqual(done.exit, 0, done.stderr)
        return done.stdout[:-1]

    def test_kv(self):
        with Example("kv") as kv:
            self.assertEqual(self.ask(kv.address, "get", "colour"), "null")
            self.assertEqual(self.ask(kv.address, "set", "colour", "red"), "null")
            self.assertEqual(self.ask(kv.address, "get", "colour"), "red")
            self.assertEqual(self.ask(kv.address, "incr", "n", "42"), "42")
            self.assertEqual(self.ask(kv.address, "del", "colour"), "true")
        config = programs.run([FOLDER / "kv", "--print-config", "--sweep", "250ms"]).stdout
        self.assertIn('sweep = "250ms"', config)

    def test_an_unknown_protocol_is_refused_with_the_known_ones(self):
        done = programs.run([FOLDER / "kv", "--listen", "rasp://:0"])
        self.assertEqual(done.exit, 2)
        self.assertIn("protocol must be app, message-echo, framed-echo, raw-echo or resp", done.stderr)

    @unittest.skipUnless(shutil.which("redis-cli"), "there is no redis-cli")
    def test_redis_tools(self):
        listen = ["app://127.0.0.1:0", "resp://127.0.0.1:0"]
        with Example("kv", listen=listen) as kv:
            port = programs.port_of(kv.addresses[1])

            def redis(*words):
                done = programs.run(["redis-cli", "-p", port, *words])
                self.assertEqual((done.exit, done.stderr), (0, ""))
                return done.stdout[:-1]

            self.assertEqual(redis("ping"), "PONG")
            self.assertEqual(redis("echo", "a b"), "a b")
            self.assertEqual(redis("set", "colour", "red"), "OK")
            self.assertEqual(self.ask(kv.address, "get", "colour"), "red")
            self.assertEqual(self.ask(kv.address, "set", "colour", "blue"), "null")
            self.assertEqual(redis("get", "colour"), "blue")
            self.assertEqual(redis("incr", "n"), "1")
            self.assertEqual(redis("expire", "n", "100"), "1")
            self.assertEqual(redis("del", "n"), "1")
            self.assertEqual(redis("get", "n"), "")
            self.assertIn("unknown command", redis("flip"))
            done = programs.run(
                ["redis-benchmark", "-p", port, "-t", "ping,set,get,incr", "-n", "20000", "-P", "16", "-q"]
            )
            self.assertEqual(done.exit, 0, done.stderr)
            self.assertEqual(done.stdout.count("requests per second"), 5, done.stdout)

    def test_ask(self):
        lines = "".join(f"word {number}\n" for number in range(500)).encode()
        with Example("upper") as upper:
            done = programs.run([FOLDER / "ask", upper.address, "upper"], stdin=lines)
            self.assertEqual((done.exit, done.stderr), (0, ""))
            self.assertEqual(done.stdout, "".join(f'"WORD {number}"\n' for number in range(500)))
        done = programs.run([FOLDER / "ask", upper.address, "upper"], stdin=b"ring\n")
        self.assertEqual(done.exit, 1)
        self.assertIn("cannot connect", done.stdout)
        self.assertEqual(programs.run([FOLDER / "ask", "raw-echo://:1", "upper"]).exit, 2)

    def test_lines(self):
        with Example("lines", listen=["lines://127.0.0.1:0"]) as lines:
            with socket.create_connection(("127.0.0.1", lines.port)) as peer:
                peer.sendall(b"double 21\r\ngreet white rabbit\nquit\n")
                self.assertEqual(wire.read_to_end(peer), b'42\n"hello, white rabbit"\n')

    def test_login(self):
        with Example("login") as login:
            with wire.connect(login.port) as peer:

                def call(action, value=None):
                    peer.sendall(wire.call(action, value, connection="keep-alive"))
                    return wire.read_message(peer)

                self.assertEqual(wire.status_of(call("whoami")), "invalid_action")
                self.assertEqual(wire.status_of(call("login", ["ann", "secret"])), "ok")
                self.assertEqual(wire.result_of(call("whoami")), "ann")
            done = programs.appctl("whoami", server=login.address)
            self.assertNotEqual(done.exit, 0)

    def test_thumbnails(self):
        picture = self.folder / "in.ppm"
        picture.write_bytes(b"P6 4 64 255\n" + b"x" * 4 * 64 * 3)
        with Example("thumbnails") as thumbnails:
            done = programs.appctl(
                "thumbnail", "--binary", "--file", picture, "--output", "raw",
                server=thumbnails.address, text=False,
            )
            self.assertEqual((done.exit, done.stdout), (0, b"P6 2 32 255\n" + b"x" * 2 * 32 * 3))
            self.assertEqual(self.ask(thumbnails.address, "progress", "cat"), "null")

    @unittest.skipUnless((FOLDER / "shortener").exists(), "built without SQLite")
    def test_shortener(self):
        flags = ["--database", self.folder / "links.db"]
        with Example("shortener", *flags) as shortener:
            name = self.ask(shortener.address, "shorten", "https://example.org/")
        with Example("shortener", *flags) as shortener:
            self.assertEqual(self.ask(shortener.address, "expand", name), "https://example.org/")
            done = programs.appctl("expand", "none", server=shortener.address)
            self.assertIn("no link of that name", done.stderr)
        done = programs.run([FOLDER / "shortener", "--database", self.folder / "no" / "links.db"])
        self.assertEqual(done.exit, 1)
        self.assert_one_line(done.stderr, "database: unable to open")

    def test_gateway(self):
        with Example("lines") as gone:
            nobody = gone.address
        with Example("kv") as other, Example("gateway", "--first", nobody, "--second", other.address) as gateway:
            done = programs.appctl("search", "ring", server=gateway.address)
            self.assertIn('invalid action "search"', done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
