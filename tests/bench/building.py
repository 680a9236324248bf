"""Builds what the benchmarks need, into build/bench."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build" / "bench"


def build(install, targets, optional=()):
    """Missing packages first, if `install`; of `optional` what can be built."""
    if install:
        subprocess.run(["bash", "-c", 'set -euo pipefail; root=$1; source "$root/scripts/lib.sh"; '
                        "install_packages run test bench", "bench", ROOT], check=True)
    configure = ["cmake", "-S", ROOT, "-B", FOLDER, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Release",
                 "-DAPPD_TESTS=ON", "-DAPPD_BENCH=ON"]
    if shutil.which("ccache"):  # as scripts/lib.sh does
        configure.append("-DCMAKE_CXX_COMPILER_LAUNCHER=ccache")
        os.environ.update(CCACHE_BASEDIR=str(ROOT), CCACHE_NOHASHDIR="1")
    subprocess.run(configure, check=True, stdout=subprocess.DEVNULL)
    known = subprocess.run(["ninja", "-C", FOLDER, "-t", "targets", "all"], check=True, capture_output=True,
                           text=True).stdout
    there = [name for name in optional if f"\n{name}: phony" in "\n" + known]
    subprocess.run(["ninja", "-C", FOLDER, *targets, *there], check=True, stdout=sys.stderr)
    return FOLDER


def compiler_of(folder):
    cache = (folder / "CMakeCache.txt").read_text()
    path = next(line.split("=", 1)[1] for line in cache.splitlines() if line.startswith("CMAKE_CXX_COMPILER:"))
    return subprocess.run([path, "--version"], capture_output=True, text=True, check=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout.splitlines()[0]
