"""A network of one's own, so that pages may use the ports that they show, several at a time."""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import tempfile

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def enter():
    """Moves this process into a network with nothing but its loopback (Linux, as root or where users may have
    namespaces). Elsewhere waits until no other page uses the machine's ports; keep what is returned."""
    if unshare(CLONE_NEWNET) or unshare_as_user():
        raise_loopback()
        return None
    lock = open(pathlib.Path(tempfile.gettempdir()) / f"appd-pages-{os.getuid()}.lock", "w", encoding="ascii")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def unshare(flags: int) -> bool:
    try:
        return ctypes.CDLL(None, use_errno=True).unshare(flags) == 0
    except (OSError, AttributeError):
        return False


def unshare_as_user() -> bool:
    user, group = os.getuid(), os.getgid()
    if not unshare(CLONE_NEWUSER | CLONE_NEWNET):
        return False
    own = pathlib.Path("/proc/self")
    (own / "setgroups").write_text("deny", "ascii")
    (own / "uid_map").write_text(f"{user} {user} 1", "ascii")
    (own / "gid_map").write_text(f"{group} {group} 1", "ascii")
    return True


def raise_loopback():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        request = fcntl.ioctl(any_socket, SIOCGIFFLAGS, struct.pack("16sh14x", b"lo", 0))
        flags = struct.unpack("16sh14x", request)[1]
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))
