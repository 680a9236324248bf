"""Many idle connections, and many short ones: what they cost, and that they are served."""
import math
import resource
import selectors
import subprocess
import time
from dataclasses import dataclass

from kernel_memory import KernelMemory, sysctl
from processes import BenchError, Server, pinned

RESERVED_DESCRIPTORS = 64       # of a server and of a client, for all else (machine/file_limit.h: 41)
KERNEL_BYTES = 10_000           # of a connection, both ends: a cautious guess for the check beforehand
SETTLE_SECONDS = 2.0
FLEET_SECONDS = 300
CHURN_CONNECTIONS = 64          # at once
CHURN_WINDOW = 5.0


def most_per_process():
    return resource.getrlimit(resource.RLIMIT_NOFILE)[1] - RESERVED_DESCRIPTORS


def shares(connections, most):
    """So many processes as are needed, with the same number of connections but for one."""
    processes = math.ceil(connections / most)
    return [connections // processes + (i < connections % processes) for i in range(processes)]


def check_limits(connections):
    """Says what the system would refuse before anything is opened."""
    available = KernelMemory.now().available
    if connections * KERNEL_BYTES > available * 0.8:
        raise BenchError(f"{connections:,} connections may need {connections * KERNEL_BYTES / 1e9:.1f} GB, both ends; "
                         f"there are {available / 1e9:.1f}")
    files = sysctl("fs.file-max")
    if files and 2 * connections > files[0]:
        raise BenchError(f"{connections:,} connections are {2 * connections:,} files; fs.file-max is {files[0]:,}")


class Fleet:
    """A process of clients (connection_fleet.cc)."""

    def __init__(self, program, port, number, connections, request_file, reply_file):
        command = [program, port, f"127.1.{number}.1", connections, request_file, reply_file]
        self.connections = connections
        self.process = subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, bufsize=1,
                                        preexec_fn=pinned(None))

    def expect(self, line, seconds=FLEET_SECONDS):
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            told = self.process.stdout.readline().strip() if selector.select(seconds) else "nothing in time"
        if told != line:
            self.process.kill()
            raise BenchError(f"a client said {told!r}, not {line!r}: {self.process.stderr.read().strip()}")

    def ask(self):
        self.process.stdin.write("\n")

    def end(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


@dataclass
class Held:
    """One run of hold(). Bytes are a connection's, seconds the whole's."""
    connections: int
    processes: int
    hold_s: float
    open_s: float
    idle_cpu: float          # of one core, of all servers together
    sockets: int             # of the system at the hold's end, both ends
    answer_s: float          # from the first request of all to the last reply
    user_bytes: float        # of the server's own memory
    kernel_bytes: float      # of one end: half of what the kernel's objects grew by
    available_bytes: float   # what the system had less, both ends and both programs
    left_bytes: int          # all servers' memory, after the connections had ended, above that before

    @property
    def answers_per_second(self):
        return self.connections / self.answer_s


def start_server(bench, core=None):
    return Server("appd", [bench.appd, "--threads", 1, "--listen", "app://127.0.0.1:0", "--idle-timeout", "1h",
                           "--log-level", "error"], core)


def cpu_ns(servers):
    return sum(server.cpu_ns() for server in servers)


def own_bytes(servers):
    return sum(server.anonymous_bytes() for server in servers)


def until_closed(servers, descriptors):
    """Waits until the servers have seen the end of every connection: have so many descriptors in all."""
    deadline = time.monotonic() + 60
    while sum(server.descriptors() for server in servers) > descriptors:
        if time.monotonic() > deadline:
            raise BenchError("a server keeps descriptors of connections that have ended")
        time.sleep(0.1)


def hold(bench, row, connections, seconds, say):
    """Opens so many, asks once on each, waits, and then asks on all of them at once."""
    check_limits(connections)
    counts = shares(connections, most_per_process())
    request, reply = bench.exchange(row)
    files = [bench.file("fleet.request", request), bench.file("fleet.reply", reply)]
    servers, fleets = [], []
    try:
        servers += [start_server(bench) for _ in counts]
        time.sleep(SETTLE_SECONDS)
        before, own_before = KernelMemory.now(), own_bytes(servers)
        descriptors = sum(server.descriptors() for server in servers)
        began = time.monotonic()
        for number, (server, count) in enumerate(zip(servers, counts)):
            fleets.append(Fleet(bench.programs / "connection_fleet", server.port("app"), number, count, *files))
        for fleet in fleets:
            fleet.expect("open")
        open_s = time.monotonic() - began
        say(f"      {connections:,} are open after {open_s:.1f} s; held for {seconds:g} s")
        time.sleep(SETTLE_SECONDS)
        held, own_held = KernelMemory.now(), own_bytes(servers)
        idle_from, cpu_from = time.monotonic(), cpu_ns(servers)
        time.sleep(seconds)
        idle_cpu = (cpu_ns(servers) - cpu_from) / 1e9 / (time.monotonic() - idle_from)
        sockets = KernelMemory.now().sockets
        began = time.monotonic()
        for fleet in fleets:
            fleet.ask()
        for fleet in fleets:
            fleet.expect(f"answered {fleet.connections}")
        answer_s = time.monotonic() - began
        while fleets:
            fleets.pop().end()
        until_closed(servers, descriptors)
        return Held(connections, len(servers), seconds, open_s, idle_cpu, sockets, answer_s,
                    (own_held - own_before) / connections, (held.slab - before.slab) / 2 / connections,
                    (before.available - held.available) / connections, own_bytes(servers) - own_before)
    finally:
        for process in fleets + servers:
            process.end()


@dataclass
class Churned:
    """One run of churn(). Bytes are the server's own memory."""
    connections: int
    seconds: float
    errors: int
    first_bytes: int          # before any connection
    warm_bytes: int           # after the first window
    last_bytes: int
    descriptors_before: int
    descriptors_after: int

    @property
    def growth_bytes(self):
        return self.last_bytes - self.warm_bytes


def churn(bench, load, row, connections, core, say):
    """Opens, asks once and sees the server close, again and again (appctl bench --one-shot)."""
    with start_server(bench, core) as server:
        arguments = ["--connections", CHURN_CONNECTIONS, "--one-shot", "bench", *row.words]

        time.sleep(SETTLE_SECONDS)
        first, descriptors = server.anonymous_bytes(), server.descriptors()

        def window(seconds):
            result = load.run(server, f"app://127.0.0.1:{server.port('app')}", arguments, seconds, 0)
            until_closed([server], descriptors)
            return result

        window(CHURN_WINDOW)
        warm = server.anonymous_bytes()
        done, errors, seconds = 0, 0, 0.0
        while done < connections:
            result = window(CHURN_WINDOW)
            done, errors, seconds = (done + result["requests"], errors + result["errors"],
                                     seconds + result["window_s"])
            say(f"      {done:,} connections after {seconds:.0f} s")
        return Churned(done, seconds, errors, first, warm, server.anonymous_bytes(), descriptors,
                       server.descriptors())


@dataclass
class Needs:
    """What so many connections of one machine would take, from what one takes."""
    connections: int
    user_bytes: float
    kernel_bytes: float
    processes: int           # at the limit of descriptors that is in force here
    descriptors: int         # in one process instead
    ports: int               # of a client's address, for one address and port of the server
    client_addresses: int    # that have ports enough together

    @property
    def total_bytes(self):
        return self.user_bytes + self.kernel_bytes


def needs(connections, held):
    first, last = sysctl("net.ipv4.ip_local_port_range")
    return Needs(connections, connections * held.user_bytes, connections * held.kernel_bytes,
                 math.ceil(connections / most_per_process()), connections + RESERVED_DESCRIPTORS,
                 last - first + 1, math.ceil(connections / (last - first + 1)))
