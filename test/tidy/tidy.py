#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Judges every source file of the project by the rules of the house.

usage: tidy.py [--all] [ROOT]      --all also tells what is merely large
"""

import os
import sys
from pathlib import Path

from rules import judge
from source import Source

SUFFIXES = {".h", ".cpp", ".py", ".cmake", ".sh", ".md"}
SKIPPED = {"build", ".git", ".cache", "node_modules", "dist"}


def files_of(root):
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(set(folders) - SKIPPED)
        in_scripts = Path(folder).relative_to(root).as_posix() in ("scripts", ".ci")
        for path in (Path(folder, name) for name in sorted(names)):
            if path.suffix in SUFFIXES or path.name == "CMakeLists.txt" or in_scripts and path.suffix == "":
                yield path


def main(arguments):
    tell_all = "--all" in arguments
    places = [argument for argument in arguments if not argument.startswith("--")]
    root = Path(places[0] if places else Path(__file__).parents[2]).resolve()
    sources = [Source(path.relative_to(root).as_posix(), path.read_text()) for path in files_of(root)]
    findings = [finding for source in sources
                for finding in judge(source, exists=lambda path: (root / path).exists())]
    refused = [finding for finding in findings if finding.refused]
    for finding in findings if tell_all else refused:
        print(f"{finding}{'' if finding.refused else ' (told only)'}")
    print(f"tidy: {len(sources)} files, {len(refused)} refused, {len(findings) - len(refused)} told"
          f"{'' if tell_all else ' (--all shows them)'}")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
