# shellcheck shell=bash
# What scripts/run and scripts/test share: numbered progress, missing packages, builds.
# Sourced; the sourcing script has set -euo pipefail and defines `root`, the repository's top.
#
# Progress goes to standard error. What a tool prints goes to a log under build/log and is shown
# only when the tool fails.

log_dir=${root:?}/build/log
step_number=0
step_count=0

# say TEXT: one line of progress.
say() {
  printf '%s\n' "$*" >&2
}

# step TEXT: begins the next numbered step; the time is counted from the script's start.
step() {
  step_number=$((step_number + 1))
  say "[$step_number/$step_count, ${SECONDS} s] $*"
}

# logged NAME COMMAND...: runs the command with its output in build/log/NAME.log.
logged() {
  local log=$log_dir/$1.log
  shift
  mkdir -p "$log_dir"
  if ! "$@" >"$log" 2>&1; then
    show_failure "$log"
    return 1
  fi
}

# show_failure LOG: the end of a log without ninja's steps that went well, and where the rest is.
show_failure() {
  say "---- the last lines of $1"
  { grep -vE '^\[[0-9]+/[0-9]+\] ' "$1" || true; } | tail -n 80 >&2
  say "---- failed; the whole log is $1"
}

# packages_for PURPOSE...: names from packages.txt, for all purposes given.
packages_for() {
  local name purpose wanted
  while read -r name purpose; do
    for wanted in "$@"; do
      if [[ $purpose == "$wanted" ]]; then
        printf '%s\n' "$name"
      fi
    done
  done < <(sed 's/#.*//' "$root/scripts/packages.txt")
}

# is_installed PACKAGE
is_installed() {
  local status
  # shellcheck disable=SC2016  # the format is dpkg's, not the shell's
  status=$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) || return 1
  [[ $status == installed ]]
}

# install_packages PURPOSE...: installs what is missing. Needs neither root nor network, and takes
# no time, when nothing is.
install_packages() {
  local name
  local -a missing=()
  if ! command -v dpkg-query >/dev/null; then
    say "      not a Debian system: nothing is installed; scripts/packages.txt says what is needed"
    return
  fi
  while read -r name; do
    is_installed "$name" || missing+=("$name")
  done < <(packages_for "$@")
  if ((${#missing[@]} == 0)); then
    say "      nothing is missing"
    return
  fi

  local -a as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      say "      missing: ${missing[*]}"
      say "      neither root nor sudo here; as root, run: apt-get install ${missing[*]}"
      return 1
    fi
    as_root=(sudo)
  fi
  say "      installing: ${missing[*]}"
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  logged apt-update "${as_root[@]}" apt-get update
  logged apt-install "${as_root[@]}" apt-get install -y --no-install-recommends "${missing[@]}"
}

# Where ccache is installed, another clone's objects serve as well: paths count from the clone.
export CCACHE_BASEDIR=$root CCACHE_NOHASHDIR=1

# configure PRESET [cmake flags]: into build/PRESET (CMakePresets.json).
configure() {
  local preset=$1
  shift
  local -a flags=("$@")
  if command -v ccache >/dev/null; then
    flags+=(-DCMAKE_CXX_COMPILER_LAUNCHER=ccache)
  fi
  logged "configure-$preset" cmake -S "$root" --preset "$preset" "${flags[@]}"
}

# build PRESET [targets]: all targets when none is given.
build() {
  local preset=$1
  local log=$log_dir/build-$1.log
  shift
  mkdir -p "$log_dir"
  if ! NINJA_STATUS='[%f/%t] ' ninja -C "$root/build/$preset" "$@" 2>&1 |
    tee "$log" | show_progress; then
    show_failure "$log"
    return 1
  fi
}

# Reads ninja's output and tells, a few times, how far it is.
show_progress() {
  local line done_count total quarter told=0
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\  ]]; then
      done_count=${BASH_REMATCH[1]}
      total=${BASH_REMATCH[2]}
      quarter=$((done_count * 4 / total))
      if [[ -t 2 ]]; then
        printf '\r      %d of %d built' "$done_count" "$total" >&2
      elif ((quarter > told)); then
        say "      $done_count of $total built"
      fi
      told=$quarter
    fi
  done
  if [[ -t 2 && -n ${total:-} ]]; then
    printf '\n' >&2
  fi
}

# build_simulate PRESET: the program that runs simulated worlds, in build/PRESET.
build_simulate() {
  local preset=$1
  local step_count=2
  step "packages"
  install_packages run test
  step "build: build/$preset"
  if ! grep -q '^APPD_TESTS:BOOL=ON' "$root/build/$preset/CMakeCache.txt" 2>/dev/null; then
    configure "$preset" -DAPPD_TESTS=ON
  fi
  build "$preset" simulate
}
