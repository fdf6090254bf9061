# SPDX-License-Identifier: Apache-2.0
"""Reads C++ well enough to judge it: comments and strings blanked out, functions found by their braces."""

import re
from dataclasses import dataclass
from functools import cached_property

_TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/'                                          # comments
    r'|R"(?P<tag>[^()\s\\]{0,16})\(.*?\)(?P=tag)"'                 # raw strings
    r'|"(?:\\.|[^"\\\n])*"'                                        # strings
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'",                       # characters, not the ' of 1'000
    re.DOTALL)

_INCLUDE = re.compile(r'^\s*#\s*include\s*(?:"(?P<ours>[^"]+)"|<(?P<theirs>[^>]+)>)')


@dataclass(frozen=True)
class Include:
    line: int
    path: str
    ours: bool
    conditional: bool   # stands under an #if


@dataclass(frozen=True)
class Function:
    line: int    # of its opening brace
    lines: int   # opening to closing brace
    head: str    # what stands before the brace


def blank(text, keep_comments=False):
    """The text with comments and literals replaced by spaces; every line stays where it is."""
    def spaces(match):
        token = match.group()
        if keep_comments and token.startswith("/"):
            return token
        return re.sub(r"[^\n]", " ", token)
    return _TOKENS.sub(spaces, text)


class Source:
    """One file: its path from the project's root, with forward slashes, and its text."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.splitlines()

    @property
    def is_cpp(self):
        return self.path.endswith((".h", ".cpp"))

    @cached_property
    def code(self):
        """Code only, a line each."""
        return blank(self.text).splitlines()

    @cached_property
    def code_and_comments(self):
        """Literals blanked, a line each."""
        return blank(self.text, keep_comments=True).splitlines()

    @cached_property
    def includes(self):
        found, depth = [], 0
        for number, line in enumerate(self.lines, 1):
            depth += bool(re.match(r"\s*#\s*if", line)) - bool(re.match(r"\s*#\s*endif", line))
            match = _INCLUDE.match(line)
            if match:
                ours = match["ours"] is not None
                found.append(Include(number, match["ours"] or match["theirs"], ours, depth > 0))
        return found

    @cached_property
    def functions(self):
        return list(_functions(re.sub(r"^\s*#.*?(?<!\\)$", "", blank(self.text), flags=re.MULTILINE)))


def _functions(code):
    """Yields the functions that lie in no other. A brace opens a scope (namespace, class), body or value."""
    stack = []          # kinds of the open braces, with where they opened
    line, head_start = 1, 0
    for position, character in enumerate(code):
        if character == "\n":
            line += 1
        elif character == ";" and not _inside_body(stack):
            head_start = position + 1
        elif character == "{":
            head = code[head_start:position]
            kind = "inner" if _inside_body(stack) else _kind_of(head)
            stack.append((kind, line, " ".join(head.split())))
            if kind == "scope":
                head_start = position + 1
        elif character == "}" and stack:
            kind, opened, head = stack.pop()
            if kind == "body":
                yield Function(opened, line - opened + 1, head)
            if kind in ("scope", "body"):
                head_start = position + 1


def _inside_body(stack):
    return any(kind == "body" for kind, _, _ in stack)


def _kind_of(head):
    """What the brace after `head` opens: a "scope", a function's "body", or a "value"."""
    bare = re.sub(r"\btemplate\s*<[^{};]*?>\s*(?=\w|\[)", "", head)
    bare = re.sub(r"\b(alignas|WEIR_\w+)\s*\([^()]*\)", "", bare).strip()
    if bare == "" or re.search(r"\b(namespace\b[^()]*|extern\s*)$", bare):
        return "scope"
    if re.search(r"\b(class|struct|union|enum)\b[^()=]*$", bare):
        return "scope"
    last = head[-1]
    if bare.endswith(("=", ",", "(", "return", "requires")) or not (last.isspace() or last == ")"):
        return "value"   # `int a[] = {`, `: member_{`, a default argument
    if re.search(r"\brequires\s*(\([^()]*\))?$", bare) or re.search(r"\bconcept\b", bare):
        return "value"
    return "body" if "(" in bare else "value"
