#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# standalone.sh PACKAGE_DIR WEIR [COMPILER]: builds examples/standalone outside of the tree against the
# package, runs its tests and its program.
set -euo pipefail
project=$(cd "$(dirname "$0")/../../examples/standalone" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake -S "$project" -B "$work/build" -G Ninja -Dweir_DIR="$1" -DCMAKE_CXX_COMPILER="${3:-c++}" >"$work/log"
cmake --build "$work/build" >>"$work/log" || { cat "$work/log"; exit 1; }
ctest --test-dir "$work/build" --output-on-failure
printf 'attic 1000\nkitchen 2000\nattic 90000\n' >"$work/readings"
said=$("$2" run --local -q "$work/build/libsensors.so" --input "$work/readings" | grep silent | sort)
[[ $said == $'attic is silent since 1000\nattic is silent since 90000\nkitchen is silent since 2000' ]] ||
  { echo "the program said: $said"; exit 1; }
