# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What the scripts share. Source it; it changes to the project's root.

cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

if [[ -t 1 ]]; then
  bold=$'\e[1m' red=$'\e[31m' green=$'\e[32m' dim=$'\e[2m' plain=$'\e[0m'
else
  bold='' red='' green='' dim='' plain=''
fi

# One step begins.
step() { printf '%s==> %s%s %s[%ds]%s\n' "$bold" "$*" "$plain" "$dim" "$SECONDS" "$plain" >&2; }

# One step went well.
good() { printf '%s%s%s\n' "$green" "$*" "$plain" >&2; }

# Ends the script. First what is wrong, then what to do.
fail() {
  printf '%s%s%s\n' "$red" "$1" "$plain" >&2
  shift
  if (($#)); then printf '  %s\n' "$@" >&2; fi
  exit 1
}

# Shows the comment at the top of the running script, as its help.
show_help() { sed -n '/^# SPDX/d; 2,/^$/s/^# \{0,1\}//p' "$0"; }

# How many jobs to build with: one a core, and no more than memory carries: half a GiB for a file that
# sees actors.
jobs_for_build() {
  local cores memory_jobs
  cores=$(nproc)
  memory_jobs=$(awk '/MemAvailable/ { print int($2 / 700000) }' /proc/meminfo)
  if ((memory_jobs < 1)); then memory_jobs=1; fi
  echo $((cores < memory_jobs ? cores : memory_jobs))
}

# configure PRESET: quiet when all is well, the whole story when not.
configure() {
  local log="build/$1.configure.log"
  mkdir -p build
  step "configure ($1)"
  if ! cmake --preset "$1" >"$log" 2>&1; then
    cat "$log" >&2
    fail "CMake could not configure the preset '$1'." \
      "If a package is missing: scripts/setup. If the cache is stale: rm -r build/$1 and try again."
  fi
}

# build PRESET [TARGET...]
build() {
  local preset=$1
  shift
  step "build ($preset)"
  cmake --build "build/$preset" --parallel "$(jobs_for_build)" ${1:+--target "$@"} ||
    fail "The build of preset '$preset' failed; the first error above says where."
}
