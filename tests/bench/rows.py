"""What is measured: a row is one load, on several servers that answer it with the same bytes."""
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from processes import BenchError, Server, free_port, record

FLOOR = "bare_epoll"


@dataclass
class Row:
    name: str
    title: str
    protocol: str                   # of the servers that speak one
    words: list                     # action and value, for `appctl bench`
    load: list                      # appctl's options
    servers: list                   # names; the floor first
    floor: str = "reply"            # the mode of bare_epoll
    keep_alive: bool = True
    open_loop: bool = False
    value: bytes = b""              # a file's instead of the words' value
    redis: tuple = field(default=())  # request and reply in its protocol


def redis_echo(text):
    size = str(len(text)).encode()
    return (b"*2\r\n$4\r\nECHO\r\n$" + size + b"\r\n" + text + b"\r\n", b"$" + size + b"\r\n" + text + b"\r\n")


TEXT_64 = bytes(ord("0") + i % 10 for i in range(64))
TEXT_64K = b"x" * 65536
ECHOES = [FLOOR, "appd", "asio_echo", "libuv_echo", "libevent_echo"]
APPS = [FLOOR, "appd", "asio_app"]
MANY = ["--connections", 64]
DEEP = ["--connections", 64, "--pipeline", 32]

ROWS = [
    Row("search_depth1", "app: search, 64 connections, depth 1", "app", ["search", "morpheus"], MANY, APPS),
    Row("search_depth32", "app: search, 64 connections, depth 32", "app", ["search", "morpheus"], DEEP, APPS),
    Row("double_depth32", "app: double, 64 connections, depth 32", "app", ["double", "7654321"], DEEP, APPS),
    Row("search_one_shot", "app: search, one request a connection, 64 in flight", "app",
        ["search", "morpheus"], [*MANY, "--one-shot"], APPS, floor="one-shot", keep_alive=False),
    Row("raw_64", "raw echo: 64 B, 64 connections, depth 1", "raw-echo", [TEXT_64.decode()], MANY,
        [*ECHOES, "redis"], floor="echo", redis=redis_echo(TEXT_64)),
    Row("raw_64k", "raw echo: 64 KiB, 8 connections", "raw-echo", [], ["--connections", 8], ECHOES,
        floor="echo", value=TEXT_64K),
    Row("echo_64k", "app: echo of a 64 KiB string, 8 connections", "app", ["echo"], ["--connections", 8],
        APPS, value=TEXT_64K),
    Row("open_loop", "app: search, open loop at half the bare rate, 64 connections", "app",
        ["search", "morpheus"], MANY, APPS, open_loop=True),
]


class Bench:
    """The programs of a build, and files that they are given."""

    def __init__(self, build, scratch, core):
        self.appd = build / "bin" / "appd"
        self.appctl = build / "bin" / "appctl"
        self.programs = build / "tests" / "bench"
        self.scratch = scratch
        self.core = core

    def has(self, name):
        if name == "appd":
            return self.appd.exists()
        if name == "redis":
            return shutil.which("redis-server") is not None
        return (self.programs / name).exists()

    def start_appd(self):
        return Server("appd", [self.appd, "--threads", 1, "--listen", "app://127.0.0.1:0",
                               "--listen", "raw-echo://127.0.0.1:0", "--log-level", "error"],
                      self.core, protocols=2)

    def start(self, name, row):
        if name == "appd":
            return self.start_appd()
        if name == FLOOR:
            return Server(name, [self.programs / name, *self.floor_arguments(row)], self.core)
        if name == "redis":
            port = free_port()
            return Server(name, ["redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "",
                                 "--appendonly", "no", "--dir", self.scratch], self.core, port=port)
        return Server(name, [self.programs / name], self.core)

    def file(self, name, content):
        path = Path(self.scratch) / name
        path.write_bytes(content)
        return path

    def value_file(self, row):
        return ["--file", self.file(f"{row.name}.value", row.value)] if row.value else []

    def exchange(self, row):
        """The bytes of the row's request and of its reply, as appctl and appd speak."""
        with self.start_appd() as server:
            fields = ["--header", "connection=keep-alive"] if row.keep_alive else []
            return record(self.appctl, server.port("app"), [*fields, *self.value_file(row), *row.words])

    def floor_arguments(self, row):
        if row.floor == "echo":
            return ["echo"]
        request, reply = self.exchange(row)
        return [row.floor, len(request), self.file(f"{row.name}.reply", reply)]

    def load_arguments(self, row, name):
        if name == "redis":
            request, reply = row.redis
            return [*row.load, "--file", self.file("redis.request", request),
                    "--expect", self.file("redis.reply", reply), "bench"]
        return [*row.load, *self.value_file(row), "bench", *row.words]

    def address(self, row, server):
        return f"{row.protocol}://127.0.0.1:{server.port(row.protocol)}"


def check_complete(bench):
    missing = [name for name in (FLOOR, "appd", "epoll_load") if not bench.has(name)]
    if missing or not bench.appctl.exists():
        raise BenchError(f"not built: {' '.join(missing) or 'appctl'}")
