#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes lines fit that grew too wide, and leaves everything else as its writer set it.

Comments are wrapped here, since clang-format does not know what a label is:

    /// Threads: one adds up, and what follows a label stands
    ///          in a column of its own.

Pictures (lines with a deeper indentation) are never touched. Wide statements are given to clang-format 14.

usage: narrow.py FILE...
"""

import re
import subprocess
import sys
from pathlib import Path

import house

_COMMENT = re.compile(r"^(?P<lead>\s*///?)(?P<gap> *)(?P<words>.*)$")
_LABEL = re.compile(r"^(?P<label>[A-Z]\w+: +|\S+(?: \S+)? {2,})(?P<words>\S.*)$")


def wrap(text):
    """The text with its wide comments wrapped."""
    lines, result, at = text.splitlines(), [], 0
    while at < len(lines):
        end = _paragraph_end(lines, at)
        paragraph = lines[at:end]
        too_wide = any(len(line) > house.MAX_COLUMNS for line in paragraph)
        result += _wrapped(paragraph) if too_wide and _COMMENT.match(paragraph[0]) else paragraph
        at = end
    return "\n".join(result) + "\n"


def _prefix_of(line):
    """What stands before a comment's words, and what its continuation lines begin with; None for code."""
    match = _COMMENT.match(line)
    if not match or not match["words"] or "SPDX" in line or len(match["gap"]) != 1:
        return None
    label = _LABEL.match(match["words"])
    first = match["lead"] + " "
    return (first + label["label"], first + " " * len(label["label"])) if label else (first, first)


def _paragraph_end(lines, begin):
    """The line behind those that flow together with `begin`."""
    prefix = _prefix_of(lines[begin])
    end = begin + 1
    while prefix and end < len(lines):
        line = lines[end]
        flows = line.startswith(prefix[1]) and line[len(prefix[1]):][:1] not in ("", " ", "-", "*")
        own = _prefix_of(line)
        if not flows or own and own[0] != own[1]:   # a label begins a paragraph
            break
        end += 1
    return end


def _wrapped(paragraph):
    prefix = _prefix_of(paragraph[0])
    if prefix is None:
        return paragraph
    words = paragraph[0][len(prefix[0]):].split()
    for line in paragraph[1:]:
        words += line[len(prefix[1]):].split()
    lines, line = [], prefix[0] + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > house.MAX_COLUMNS:
            lines.append(line)
            line = prefix[1] + word
        else:
            line += " " + word
    return lines + [line]


def narrow(path):
    text = path.read_text()
    wrapped = wrap(text)
    if wrapped != text:
        path.write_text(wrapped)
    wide = [number for number, line in enumerate(wrapped.splitlines(), 1)
            if len(line) > house.MAX_COLUMNS and not line.lstrip().startswith("//")]
    if wide:
        subprocess.run(["clang-format-14", "-i", *(f"--lines={n}:{n}" for n in wide), path], check=True)


if __name__ == "__main__":
    strangers = [name for name in sys.argv[1:] if Path(name).suffix not in (".h", ".cpp")]
    if strangers:
        sys.exit(f"narrow.py: {strangers[0]} is no C++ file; name files that end in .h or .cpp.")
    for name in sys.argv[1:]:
        narrow(Path(name))
