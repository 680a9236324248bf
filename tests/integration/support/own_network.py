#!/usr/bin/env python3
"""Makes the machine that a test wants of the namespaces it is started in (unshare -n -m), says `ready`, and stays until its
standard input ends.

  own_network.py [--hosts FILE] [--no-ipv6] [--ports FIRST LAST]
"""

import argparse
import ctypes
import fcntl
import socket
import struct
import sys

SIOCSIFFLAGS = 0x8914
IFF_UP = 1
MS_BIND = 4096


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def bring_loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def bind_mount(source, target):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(source.encode(), target.encode(), None, MS_BIND, None) != 0:
        raise OSError(ctypes.get_errno(), f"mount {source} on {target}")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--hosts")
    parser.add_argument("--no-ipv6", action="store_true")
    parser.add_argument("--ports", nargs=2)
    arguments = parser.parse_args()
    bring_loopback_up()
    if arguments.hosts:
        bind_mount(arguments.hosts, "/etc/hosts")
    if arguments.no_ipv6:
        write("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1")
    if arguments.ports:
        write("/proc/sys/net/ipv4/ip_local_port_range", " ".join(arguments.ports))
    print("ready", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
