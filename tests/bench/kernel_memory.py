"""What the kernel holds for connections, as /proc tells it (proc(5))."""
import re
from dataclasses import dataclass
from pathlib import Path

PAGE = 4096


@dataclass
class KernelMemory:
    slab: int       # bytes: sockets, inodes, files, epoll's items
    available: int  # bytes that programs could still have
    sockets: int    # TCP, of this system
    buffers: int    # bytes in TCP's queues

    @staticmethod
    def now():
        info = Path("/proc/meminfo").read_text()
        field = {name: int(value) * 1024 for name, value in re.findall(r"^(\w+):\s+(\d+) kB", info, re.M)}
        tcp = re.search(r"^TCP: inuse (\d+) .* mem (\d+)", Path("/proc/net/sockstat").read_text(), re.M)
        return KernelMemory(field["Slab"], field["MemAvailable"], int(tcp[1]), int(tcp[2]) * PAGE)


def sysctl(name):
    """The numbers of a setting, or none where there is no such."""
    path = Path("/proc/sys") / name.replace(".", "/")
    return [int(word) for word in path.read_text().split()] if path.exists() else []
