#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# run.sh PACKAGE_DIR WEIR [COMPILER]: builds a program outside of the tree against the package and runs it.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake -S "$(dirname "$0")" -B "$work" -G Ninja -Dweir_DIR="$1" -DCMAKE_CXX_COMPILER="${3:-c++}" >"$work/log"
cmake --build "$work" >>"$work/log" || { cat "$work/log"; exit 1; }
numbers=$("$2" run --local -q "$work/libeven.so" | grep -E '^[0-9]+$' | tr '\n' ' ')
[[ $numbers == "0 2 4 6 8 " ]] || { echo "expected 0 2 4 6 8, got: $numbers"; exit 1; }
