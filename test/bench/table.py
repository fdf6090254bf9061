#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs benchmarks and shows what they found as one table.

usage: table.py [--json FILE] [--only PART] [--repetitions N] PROGRAM...

Each program is one of Google Benchmark's whose measures come in pairs, NAME/ours and NAME/limit, with the
figure in the counter "figure" and its unit as label (test/bench/figures.h). Repetitions of all are run in
random order, so that what else the machine does meets both sides of a pair; shown are medians. A ratio of 1
means as fast as the limit.
"""

import argparse
import json
import re
import statistics
import subprocess
import sys
import tempfile

COLUMNS = ("name", "ours", "limit", "unit", "ratio")


def runs_of(program, part, repetitions):
    """What Google Benchmark says of every single run; its own progress goes to our standard error."""
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        command = [program, f"--benchmark_out={out.name}", "--benchmark_out_format=json",
                   f"--benchmark_repetitions={repetitions}", "--benchmark_enable_random_interleaving=true",
                   f"--benchmark_filter={re.escape(part)}.*/(ours|limit)"]
        code = subprocess.run(command, stdout=sys.stderr).returncode
        text = out.read()
        return json.loads(text)["benchmarks"] if code == 0 and text else [], code


def rows_of(runs):
    """One row a measure: the medians of both sides."""
    figures, units = {}, {}
    for run in runs:
        match = re.match(r"(.+)/(ours|limit)(/|$)", run["name"])
        if match and run.get("run_type") == "iteration":
            figures.setdefault(match[1], {"ours": [], "limit": []})[match[2]].append(run["figure"])
            units[match[1]] = run.get("label", "")
    return {name: row(units[name], sides) for name, sides in figures.items() if all(sides.values())}


def row(unit, sides):
    ours, limit = statistics.median(sides["ours"]), statistics.median(sides["limit"])
    less_is_better = unit.startswith(("ns", "us"))
    above, below = (limit, ours) if less_is_better else (ours, limit)
    return {"ours": ours, "limit": limit, "ratio": above / below if above and below else None, "unit": unit}


def shown(number):
    return f"{number:.3g}" if number < 100 else f"{number:,.0f}"


def print_table(rows):
    table = [COLUMNS]
    for name, row in rows.items():
        ratio = f"{row['ratio']:.2f}" if row["ratio"] else "-"
        table.append((name, shown(row["ours"]), shown(row["limit"]), row["unit"], ratio))
    widths = [max(len(line[column]) for line in table) for column in range(len(COLUMNS))]
    for line in table:
        cells = [cell.ljust(width) if title in ("name", "unit") else cell.rjust(width)
                 for title, cell, width in zip(COLUMNS, line, widths)]
        print("  ".join(cells).rstrip())


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--json")
    parser.add_argument("--only", default="")
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("programs", nargs="+")
    arguments = parser.parse_args()
    rows, failed = {}, []
    for program in arguments.programs:
        runs, code = runs_of(program, arguments.only, arguments.repetitions)
        rows |= rows_of(runs)
        if code != 0:
            failed.append(f"{program} ended with {code}")
    print_table(rows)
    if arguments.json:
        with open(arguments.json, "w") as file:
            json.dump(rows, file, indent=2)
            file.write("\n")
    for line in failed:
        print(line, file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
