#!/usr/bin/env python3
"""Copies the sources that the patches beside this file change, and plants every bug in the copies.

  plant.py SOURCE_DIR COPY_DIR   writes COPY_DIR/appd/LAYER/...; prints the copies, a line each
  plant.py --check SOURCE_DIR    only says of each patch that does not apply why

Exit 1: a patch does not apply to the sources as they are; make it anew.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def patched_files(patch: pathlib.Path) -> list:
    return re.findall(r"^\+\+\+ b/(\S+)$", patch.read_text("utf-8"), re.M)


def apply(patch: pathlib.Path, folder: pathlib.Path) -> str:
    """What patch(1) complains of; empty when the patch fits, if need be at another line."""
    run = subprocess.run(["patch", "--strip=1", "--fuzz=0", "--batch", "--no-backup-if-mismatch", "--reject-file=-",
                          f"--input={patch}"], cwd=folder, capture_output=True, text=True, check=False)
    return "" if run.returncode == 0 else run.stdout + run.stderr


def plant(source: pathlib.Path, folder: pathlib.Path) -> tuple:
    """(the names of the files that are changed, what does not apply)"""
    patches = sorted(HERE.glob("*.patch"))
    names = sorted({name for patch in patches for name in patched_files(patch)})
    for name in names:
        copy = folder / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if (source / name).is_file():
            copy.write_bytes((source / name).read_bytes())
    complaints = [(patch.name, apply(patch, folder)) for patch in patches]
    return names, [f"{name} does not apply: {why.strip()}" for name, why in complaints if why]


def write_where_changed(path: pathlib.Path, content: bytes):
    if not path.is_file() or path.read_bytes() != content:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def main(arguments) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    only_check = arguments[0] == "--check"
    source = pathlib.Path(arguments[1] if only_check else arguments[0]).resolve()
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        names, complaints = plant(source, folder)
        for complaint in complaints:
            print(complaint, file=sys.stderr)
        if not complaints and not only_check:
            for name in names:
                write_where_changed(pathlib.Path(arguments[1]) / "appd" / name, (folder / name).read_bytes())
                print(name)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
