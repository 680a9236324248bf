"""What is measured: a row is one load, on several servers that answer it with the same bytes."""
import shutil
import socket
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
    foreign: dict = field(default_factory=dict)  # by the name of a server with a protocol of its own
    program: str = "appd"           # that is started as appd: it, or one of peers/ with more actions
    exchanged: "Foreign" = None     # what every server is sent and answers, where appctl does not speak the protocol


@dataclass
class Foreign:
    """What a server with another protocol is asked instead, and must answer; of about the same length."""
    request: bytes
    reply: bytes
    setup: bytes = b""        # sent once, when it has started,
    setup_reply: bytes = b""  # and what it says to that


def redis_bulk(text):
    return b"$%d\r\n%s\r\n" % (len(text), text)


def redis_command(*words):
    return b"*%d\r\n" % len(words) + b"".join(redis_bulk(word) for word in words)


def redis_echo(text):
    return Foreign(redis_command(b"ECHO", text), redis_bulk(text))


KEY, FOUND = b"morpheus", "Follow the white rabbit. 🐰".encode()
# What servers of values by name make of the search.
LOOKUPS = {
    "redis": Foreign(redis_command(b"GET", KEY), redis_bulk(FOUND), redis_command(b"SET", KEY, FOUND), b"+OK\r\n"),
    "memcached": Foreign(b"get %s\r\n" % KEY, b"VALUE %s 0 %d\r\n%s\r\nEND\r\n" % (KEY, len(FOUND), FOUND),
                         b"set %s 0 0 %d\r\n%s\r\n" % (KEY, len(FOUND), FOUND), b"STORED\r\n"),
}
TEXT_64 = bytes(ord("0") + i % 10 for i in range(64))
TEXT_64K = b"x" * 65536
TEXT_1M = b"x" * (1 << 20)
TEXT_16M = b"x" * ((16 << 20) - 1024)  # what is around it counts in --max-content
ECHOES = [FLOOR, "appd", "asio_echo", "libuv_echo", "libevent_echo"]
APPS = [FLOOR, "appd", "asio_app"]
SEARCHES = [*APPS, *LOOKUPS]
OWN = [FLOOR, "appd"]
LINE = Foreign(b"follow the white rabbit\n", b"follow the white rabbit\n")
MANY = ["--connections", 64]
DEEP = ["--connections", 64, "--pipeline", 32]

ROWS = [
    Row("search_depth1", "app: search, 64 connections, depth 1", "app", ["search", "morpheus"], MANY, SEARCHES,
        foreign=LOOKUPS),
    Row("search_depth32", "app: search, 64 connections, depth 32", "app", ["search", "morpheus"], DEEP, SEARCHES,
        foreign=LOOKUPS),
    Row("double_depth32", "app: double, 64 connections, depth 32", "app", ["double", "7654321"], DEEP, APPS),
    Row("search_one_shot", "app: search, one request a connection, 64 in flight", "app",
        ["search", "morpheus"], [*MANY, "--one-shot"], SEARCHES, floor="one-shot", keep_alive=False, foreign=LOOKUPS),
    Row("search_one_shot_in_order", "app: the same, next to a bare loop that closes in order, too", "app",
        ["search", "morpheus"], [*MANY, "--one-shot"], OWN, floor="one-shot-in-order", keep_alive=False),
    Row("raw_64", "raw echo: 64 B, 64 connections, depth 1", "raw-echo", [TEXT_64.decode()], MANY,
        [*ECHOES, "redis"], floor="echo", foreign={"redis": redis_echo(TEXT_64)}),
    Row("raw_64k", "raw echo: 64 KiB, 8 connections", "raw-echo", [], ["--connections", 8], ECHOES,
        floor="echo", value=TEXT_64K),
    Row("echo_64k", "app: echo of a 64 KiB string, 8 connections", "app", ["echo"], ["--connections", 8],
        APPS, value=TEXT_64K),
    Row("echo_1m", "app: echo of a 1 MiB string, 4 connections", "app", ["echo"], ["--connections", 4],
        OWN, value=TEXT_1M),
    Row("echo_16m", "app: echo of a 16 MiB string, 2 connections", "app", ["echo"], ["--connections", 2],
        OWN, value=TEXT_16M),
    Row("typed_integer_depth32", "app: an action of std::int64_t, 64 connections, depth 32", "app",
        ["successor", "7654321"], DEEP, OWN, program="typed_app"),
    Row("typed_string_depth32", "app: an action of std::string, 64 connections, depth 32", "app",
        ["same", "morpheus"], DEEP, OWN, program="typed_app"),
    Row("typed_struct_depth32", "app: an action of a struct of three members, 64 connections, depth 32", "app",
        ["same-set", '{"key": "trinity", "value": "morpheus", "ttl_ms": 5000}'], DEEP, OWN, program="typed_app"),
    Row("typed_map_depth32", "app: an action of a map of three, 64 connections, depth 32", "app",
        ["same-map", '{"key": "trinity", "value": "morpheus", "room": "lobby"}'], DEEP, OWN, program="typed_app"),
    Row("typed_vector_depth32", "app: an action of a vector of eight, 64 connections, depth 32", "app",
        ["same-vector", "[1, 2, 3, 4, 5, 6, 7, 8]"], DEEP, OWN, program="typed_app"),
    Row("typed_several_depth32", "app: an action of three named values, 64 connections, depth 32", "app",
        ["same-several", "trinity", "morpheus", "5000"], DEEP, OWN, program="typed_app"),
    Row("typed_choice_depth32", "app: an action of an enumeration, 64 connections, depth 32", "app",
        ["same-choice", "ascending"], DEEP, OWN, program="typed_app"),
    Row("lines_depth32", "a line protocol as a coroutine, 64 connections, depth 32", "lines", [], DEEP, OWN,
        program="typed_app", exchanged=LINE),
    Row("resp_depth32", "GET in the protocol of Redis as a session class, 64 connections, depth 32", "resp", [], DEEP,
        [*OWN, "redis"], program="typed_app", exchanged=LOOKUPS["redis"], foreign=LOOKUPS),
    Row("same_turn_depth32", "app: a coroutine that answers in the same turn, 64 connections, depth 32", "app",
        ["same-turn", "morpheus"], DEEP, OWN, program="typed_app"),
    Row("next_turn_depth32", "app: a coroutine that answers in the next turn, 64 connections, depth 32", "app",
        ["next-turn", "morpheus"], DEEP, OWN, program="typed_app"),
    Row("open_loop", "app: search, open loop at half the bare rate, 64 connections", "app",
        ["search", "morpheus"], MANY, APPS, open_loop=True),
]


FOREIGN_PROGRAMS = {"redis": "redis-server", "memcached": "memcached"}


def tell(port, what):
    """Sends a foreign server what it is to know before it is asked."""
    if not what.setup:
        return
    with socket.create_connection(("127.0.0.1", port), 5) as peer:
        peer.sendall(what.setup)
        answer = peer.recv(4096)
        if answer != what.setup_reply:
            raise BenchError(f"the answer to the first request is {answer!r}")


class Bench:
    """The programs of a build, and files that they are given."""

    def __init__(self, build, scratch, core):
        self.appd = build / "bin" / "appd"
        self.appctl = build / "bin" / "appctl"
        self.programs = build / "tests" / "bench"
        self.scratch = scratch
        self.core = core
        self.exchanges = {}  # by the name of a row

    def has(self, name):
        if name == "appd":
            return self.appd.exists()
        if name in FOREIGN_PROGRAMS:
            return shutil.which(FOREIGN_PROGRAMS[name]) is not None
        return (self.programs / name).exists()

    def start_appd(self, threads=1, core=None, program="appd", protocols=("app", "raw-echo")):
        path = self.appd if program == "appd" else self.programs / program
        listen = [word for protocol in protocols for word in ("--listen", f"{protocol}://127.0.0.1:0")]
        return Server("appd", [path, "--threads", threads, *listen, "--log-level", "error"],
                      self.core if core is None else core, protocols=len(protocols))

    def start_speaking(self, row):
        """With one protocol of its own."""
        server = self.start_appd(program=row.program, protocols=[row.protocol])
        try:
            tell(server.port(row.protocol), row.exchanged)
        except BaseException:
            server.end()
            raise
        return server

    def start(self, name, row):
        if name == "appd":
            return self.start_speaking(row) if row.exchanged else self.start_appd(program=row.program)
        if name == FLOOR:
            return Server(name, [self.programs / name, *self.floor_arguments(row)], self.core)
        if name in FOREIGN_PROGRAMS:
            return self.start_foreign(name, row.foreign[name])
        return Server(name, [self.programs / name], self.core)

    def start_foreign(self, name, what):
        port = free_port()
        options = {"redis": ["--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                             "--dir", self.scratch],
                   "memcached": ["-l", "127.0.0.1", "-p", port, "-t", 1, "-c", 10000,
                                 "-u", "nobody"]}[name]
        server = Server(name, [FOREIGN_PROGRAMS[name], *options], self.core, port=port)
        try:
            tell(port, what)
        except BaseException:
            server.end()
            raise
        return server

    def file(self, name, content):
        path = Path(self.scratch) / name
        path.write_bytes(content)
        return path

    def value_file(self, row):
        return ["--file", self.file(f"{row.name}.value", row.value)] if row.value else []

    def exchange(self, row):
        """The bytes of the row's request and of its reply, as appctl and appd speak."""
        if row.name not in self.exchanges:
            with self.start_appd(program=row.program) as server:
                fields = ["--header", "connection=keep-alive"] if row.keep_alive else []
                self.exchanges[row.name] = record(self.appctl, server.port("app"),
                                                  [*fields, *self.value_file(row), *row.words])
        return self.exchanges[row.name]

    def floor_arguments(self, row):
        if row.floor == "echo":
            return ["echo"]
        request, reply = (row.exchanged.request, row.exchanged.reply) if row.exchanged else self.exchange(row)
        return [row.floor, len(request), self.file(f"{row.name}.reply", reply)]

    def load_arguments(self, row, name):
        what = row.foreign.get(name) or row.exchanged
        if what:
            return [*row.load, "--file", self.file(f"{name}.request", what.request),
                    "--expect", self.file(f"{name}.reply", what.reply), "bench"]
        return [*row.load, *self.value_file(row), "bench", *row.words]

    def address(self, row, server):
        spoken = "raw-echo" if row.exchanged or server.name in row.foreign else row.protocol
        port = server.port(row.protocol if row.exchanged else spoken)
        return f"{spoken}://127.0.0.1:{port}"


def check_complete(bench):
    missing = [name for name in (FLOOR, "appd", "epoll_load") if not bench.has(name)]
    if missing or not bench.appctl.exists():
        raise BenchError(f"not built: {' '.join(missing) or 'appctl'}")
