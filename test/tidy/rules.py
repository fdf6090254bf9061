# SPDX-License-Identifier: Apache-2.0
"""The rules. Each takes a Source and yields findings; house.py is their data."""

import posixpath
import re
from dataclasses import dataclass
from fnmatch import fnmatch

import house


@dataclass(frozen=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str
    refused: bool = True   # else only told

    def __str__(self):
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def room_of(path):
    """The room whose row of the table rules `path`, or None for the root and folders without rooms."""
    known = set(house.ARROWS) | house.FREE_ROOMS
    stem = re.sub(r"\.\w+$", "", path)   # checkpoint/barrier_aligner.h is a room of one file
    fitting = [room for room in known if stem == room or stem.startswith(room + "/")]
    return max(fitting, key=len, default=None)


def arrows(source):
    """Our headers are included from the root, and along the arrows."""
    if source.path.startswith(house.GUESTS):
        return
    here = room_of(source.path)
    for include in source.includes:
        if not include.ours:
            continue
        there = room_of(include.path)
        if there is None:
            yield Finding(source.path, include.line, "arrow",
                          f'"{include.path}" names no room: include from the project root')
        elif here in house.FREE_ROOMS or here == there or there in house.ARROWS.get(here, ()):
            continue
        elif (here, include.path) not in house.PORTS:
            allowed = ", ".join(sorted(house.ARROWS.get(here, ()))) or "nothing"
            yield Finding(source.path, include.line, "arrow",
                          f'"{include.path}": {here} may not include {there}; it may include {allowed}')


def libraries(source):
    """A third-party library is seen by the files that wrap it, and by no other."""
    if source.path.split("/")[0] in house.FREE_ROOMS or source.path.startswith(house.GUESTS):
        return
    for include in source.includes:
        name = _library_of(include.path)
        if include.ours or name is None and re.fullmatch(house.SYSTEM_HEADERS, include.path):
            continue
        if name is None:
            yield Finding(source.path, include.line, "library",
                          f"<{include.path}> is of no library in test/tidy/house.py: name its place there")
        elif not any(fnmatch(source.path, glob) for glob in house.LIBRARIES[name][1]):
            places = ", ".join(house.LIBRARIES[name][1]) or "tests"
            yield Finding(source.path, include.line, "library", f"{name} is seen only by {places}")


def _library_of(header):
    return next((name for name, (headers, _) in house.LIBRARIES.items() if re.match(headers, header)), None)


def order(source):
    """A .cpp begins with its own header; then theirs, then ours. Under an #if it stands where it must."""
    if source.path.startswith(house.GUESTS):
        return
    own = re.sub(r"\.cpp$", ".h", source.path)
    includes = [include for include in source.includes if not include.conditional]
    if source.path.endswith(".cpp") and any(i.ours and i.path == own for i in includes[1:]):
        yield Finding(source.path, includes[0].line, "order", f'the own header "{own}" comes first')
    # A test begins with the header that it tests.
    is_test = source.path.split("/")[0] in house.FREE_ROOMS and source.path.endswith(".cpp")
    rest = includes[1:] if is_test else [i for i in includes if i.path != own]
    for before, after in zip(rest, rest[1:]):
        if before.ours and not after.ours:
            yield Finding(source.path, after.line, "order",
                          f'<{after.path}> comes before "{before.path}": theirs, then ours')


def words(source):
    """Banned words, with what to write instead."""
    for name, pattern, why, exceptions in house.BANNED_WORDS:
        if any(fnmatch(source.path, glob) for glob in exceptions):
            continue
        lines = source.code_and_comments if name == "TODO" else source.code
        for number, line in enumerate(lines, 1):
            if re.search(pattern, line):
                yield Finding(source.path, number, "word", f"{name}: {why}")


def shape(source):
    """Licence line, `#pragma once`, line length, stray blanks, final newline."""
    opening = source.lines[1:2] if source.text.startswith("#!") else source.lines[:1]
    if opening not in (["// SPDX-License-Identifier: Apache-2.0"], ["# SPDX-License-Identifier: Apache-2.0"]):
        yield Finding(source.path, 1, "shape", "the first line says `SPDX-License-Identifier: Apache-2.0`")
    if source.path.endswith(".h") and next(filter(str.strip, source.code), "") != "#pragma once":
        yield Finding(source.path, 2, "shape", "a header begins with `#pragma once`, behind comments at most")
    for number, line in enumerate(source.lines, 1):
        if len(line) > house.MAX_COLUMNS and "http" not in line:
            yield Finding(source.path, number, "shape",
                          f"{len(line)} columns; {house.MAX_COLUMNS} are the most")
        if line != line.rstrip() or "\t" in line and source.is_cpp:
            yield Finding(source.path, number, "shape", "a tab, or blanks at the end")
    if source.text and not source.text.endswith("\n"):
        yield Finding(source.path, len(source.lines), "shape", "the last line has no end")


def sizes(source):
    """Files and functions that grew. Long functions of tests are told, not refused: a table may be long."""
    told, refused = house.FILE_LINES
    if len(source.lines) > told:
        yield Finding(source.path, 1, "size",
                      f"file of {len(source.lines)} lines; {told} are good, {refused} the most",
                      len(source.lines) > refused)
    told, refused = house.FUNCTION_LINES
    strict = not source.path.startswith("test/")
    for function in source.functions:
        if function.lines > told:
            yield Finding(source.path, function.line, "size",
                          f"function of {function.lines} lines; {told} are good, {refused} the most",
                          strict and function.lines > refused)


def handlers(source):
    """A handler of an actor fences, calls once and mails: more is logic, and logic stands beside it."""
    if not fnmatch(source.path, "actors/*_actor.cpp"):
        return
    text = "\n".join(source.code)
    for match in re.finditer(r"\[this\]\s*\([^()]*\)[^{};]*\{", text):
        lines = _lines_of_block(text, match.end())
        if lines > house.HANDLER_LINES:
            line = text.count("\n", 0, match.start()) + 1
            yield Finding(source.path, line, "handler", f"{lines} lines; {house.HANDLER_LINES} is the most")


def _lines_of_block(text, start):
    """Lines with something on them between the brace before `start` and its partner."""
    depth, end = 1, start
    while end < len(text) and depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return sum(bool(line.strip()) for line in text[start:end - 1].splitlines())


CPP_RULES = [arrows, libraries, order, words, sizes, handlers]


def links(source):
    """CMake says the same as the table: a room links only what it may include."""
    room = source.path.split("/")[0]
    rows = [name for name in house.ARROWS if name.split("/")[0] == room]
    match = re.search(r"weir_room\(\s*\w+(.*?)\)", source.text, re.DOTALL)
    if not rows or not match:
        return
    allowed = {there.split("/")[0] for name in rows for there in house.ARROWS[name]}
    allowed |= {header.split("/")[0] for where, header in house.PORTS if where == room}
    for linked in re.findall(r"weir::(\w+)", match[1]):
        if linked not in allowed:
            line = source.text.count("\n", 0, source.text.index(f"weir::{linked}")) + 1
            yield Finding(source.path, line, "arrow", f"{room} may not link {linked}")


def pages(source, exists):
    """What a page of the documents points to is there; `exists` is asked with a path from the root."""
    in_code = False   # where brackets are no links
    for number, line in enumerate(source.lines, 1):
        in_code ^= line.lstrip().startswith("```")
        if in_code:
            continue
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", re.sub(r"`[^`]*`", "", line)):
            place = posixpath.normpath(posixpath.join(posixpath.dirname(source.path), target))
            if "://" not in target and not exists(place):
                yield Finding(source.path, number, "page", f"{target} is not there")


def judge(source, exists):
    """All that there is to say about one file."""
    if source.path.endswith(".md"):
        yield from pages(source, exists)
        return
    checks = [shape]
    if source.is_cpp:
        checks += CPP_RULES
    elif source.path.endswith("CMakeLists.txt"):
        checks.append(links)
    for check in checks:
        yield from check(source)
