"""Whether a second loop makes a request dearer: one loop, two loops, and two processes of one loop each, which
can share nothing. The same loads drive all of them, on both cores, and the servers have both cores too; of two
processes each gets load from both cores, as each of two loops does."""
import statistics
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from processes import BenchError, Load
from targets import CONTENDED_CASES

LOADS_A_CORE = 2
CONFIGURATIONS = {"one loop": [1], "two loops": [2], "two processes": [1, 1]}  # the loops of each process
ROW_NAMES = ["search_depth1", "search_depth32"]
OTHER_CASES = ["echo_64k", "one_shot"]  # of shared_lines.cc, where loops do share something


def cpu_us(results, servers):
    """CPU time a request over all servers. Loads run side by side, so that the windows of two loads of one server
    are the same time: its CPU time is that of either."""
    total = 0.0
    for server in set(servers):
        mine = [one["server_cpu_us"] * one["requests"] for one, its in zip(results, servers) if its is server]
        total += statistics.mean(mine)
    return total / sum(one["requests"] for one in results)


class Scaling:
    def __init__(self, bench, cores, window, warmup):
        self.bench = bench
        self.cores = sorted(cores)
        self.loads = [Load(bench.appctl, core) for core in self.cores for _ in range(LOADS_A_CORE)]
        self.window = window
        self.warmup = warmup

    def measure(self, row, processes):
        """One round of one configuration: all loads at the same time."""
        servers = [processes[i % len(processes)] for i in range(len(self.loads))]
        with ThreadPoolExecutor(len(self.loads)) as pool:
            runs = [pool.submit(load.run, server, self.bench.address(row, server),
                                self.bench.load_arguments(row, server.name), self.window, self.warmup)
                    for load, server in zip(self.loads, servers)]
            results = [run.result() for run in runs]
        return {"server_cpu_us": cpu_us(results, servers), "rps": sum(one["rps"] for one in results)}

    def run(self, row, rounds):
        """`rounds`: an iterator of their numbers."""
        with ExitStack() as running:
            processes = {name: [running.enter_context(self.bench.start_appd(loops, set(self.cores)))
                                for loops in each] for name, each in CONFIGURATIONS.items()}
            cells = {name: [] for name in CONFIGURATIONS}
            names = list(CONFIGURATIONS)
            for index in rounds:
                turn = index % len(names)
                for name in names[turn:] + names[:turn]:
                    cells[name].append(self.measure(row, processes[name]))
        return summary(row, cells)


def summary(row, cells):
    """Figures of each configuration, and what two loops cost compared with each of the others."""
    best = {name: min(one["server_cpu_us"] for one in rounds) for name, rounds in cells.items()}
    median = {name: statistics.median(one["server_cpu_us"] for one in rounds) for name, rounds in cells.items()}
    rps = {name: statistics.median(one["rps"] for one in rounds) for name, rounds in cells.items()}
    return {"title": row.title, "best_cpu_us": best, "cpu_us": median, "rps": rps, "cells": cells,
            "ratio": {name: {"best": best["two loops"] / best[name], "median": median["two loops"] / median[name]}
                      for name in ("one loop", "two processes")}}


def shared_lines(program):
    """Cache lines that two loops contend for, by case; None where it could not be built (not GCC)."""
    if not program.exists():
        return None
    found = {}
    for case in [*CONTENDED_CASES, *OTHER_CASES, "planted"]:
        done = subprocess.run([program, case], capture_output=True, text=True, check=False, timeout=120)
        if done.returncode not in (0, 1):
            raise BenchError(f"shared_lines {case}: {done.stderr.strip()}")
        found[case] = done.stdout.count("contended line ")
    if found.pop("planted") == 0:
        raise BenchError("shared_lines does not find the counter that is shared on purpose")
    return found
