#!/usr/bin/env bash
# Every check of this project, from a clean clone: see --help.
set -euo pipefail
exec </dev/null
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
Usage: tests/run.sh [--faults] [--seeds N] [--without-postgres] [--without-browser]

Checks formatting and lints, then runs the whole suite on SQLite, again on a PostgreSQL of its own,
then the faults (the release program as a process that is killed, halted, cut off and starved), and last
the stories in a real browser. Needs the Rust toolchain and gcc; installs the rest when it
may (root on Debian), otherwise says what to install.

  --faults             only the faults, with 200 cycles of kill -9 instead of 20
  --seeds N            only the simulation, N seeds from a random one on
  --without-postgres   leave out PostgreSQL: SQLite only, libpq is not needed
  --without-browser    leave out the browser stories
  --help               this text

SMARTPAY_SCREENSHOTS=1 keeps pictures of every page of the browser stories under var/screenshots.
TEXT
}

with_postgres=yes
with_browser=yes
only_faults=no
seeds=
while [ "$#" -gt 0 ]; do
  option=$1
  shift
  case $option in
    --faults) only_faults=yes with_browser=no ;;
    --seeds)
      seeds=${1:-}
      if ! [[ $seeds =~ ^[1-9][0-9]{0,8}$ ]]; then
        printf 'tests/run.sh: --seeds needs a number\n' >&2
        exit 2
      fi
      shift
      with_postgres=no with_browser=no
      ;;
    --without-postgres) with_postgres=no ;;
    --without-browser) with_browser=no ;;
    --help | -h) usage; exit 0 ;;
    *)
      printf 'tests/run.sh: unknown option %s\n\n' "$option" >&2
      usage >&2
      exit 2
      ;;
  esac
done

announce() { printf '\n=== %s\n' "$*"; }

refuse() {
  printf '\ntests/run.sh: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

# The folder of initdb and pg_ctl; Debian keeps them off the PATH, one folder a version.
postgres_bin() {
  local folder found=
  for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
    if [ -x "$folder/initdb" ] && [ -x "$folder/pg_ctl" ]; then found=$folder; fi
  done
  if [ -z "$found" ] && has initdb && has pg_ctl; then
    found=$(dirname -- "$(readlink -f -- "$(command -v initdb)")")
  fi
  [ -n "$found" ] && printf '%s\n' "$found"
}

links_libpq() { printf 'int main(void) { return 0; }\n' | cc -x c - -lpq -o /dev/null 2>/dev/null; }

# Debian packages of what is not here yet.
missing_packages() {
  has cc || printf 'gcc\nlibc6-dev\n'
  if [ "$with_postgres" = yes ]; then
    links_libpq || printf 'libpq-dev\n'
    postgres_bin >/dev/null || printf 'postgresql\n'
  fi
  if [ "$with_browser" = yes ]; then
    has chromium || has google-chrome || has chrome || printf 'chromium\n'
    has chromedriver || printf 'chromium-driver\n'
  fi
}

install_what_is_missing() {
  local missing log
  mapfile -t missing < <(missing_packages)
  if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! has apt-get; then
      refuse "not installed: ${missing[*]}
On Debian: sudo apt-get update && sudo apt-get install -y ${missing[*]}
Or leave out what needs them: --without-postgres, --without-browser (see --help)."
    fi
    announce "Installing ${missing[*]}"
    log=$work/apt.log
    if ! {
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}"
    } >"$log" 2>&1; then
      tail -n 30 "$log" >&2
      refuse "could not install ${missing[*]}"
    fi
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -eq 0 ] || refuse "still missing after installing: ${missing[*]}"
  fi
  has cargo || refuse "cargo is missing: install the Rust toolchain (https://rustup.rs)"
  if ! cargo fmt --version >/dev/null 2>&1 || ! cargo clippy --version >/dev/null 2>&1; then
    has rustup || refuse "rustfmt and clippy are missing: install them with the Rust toolchain"
    announce "Installing rustfmt and clippy"
    rustup --quiet component add rustfmt clippy
  fi
}

# PostgreSQL refuses to run as root.
as_postgres() {
  if [ "$(id -u)" = 0 ]; then (cd "$cluster" && runuser -u postgres -- "$@"); else "$@"; fi
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A private cluster on loopback; its URL in $postgres_url.
start_postgres() {
  local bin port
  bin=$(postgres_bin)
  cluster=$work/postgres
  mkdir "$cluster"
  if [ "$(id -u)" = 0 ]; then
    id postgres >/dev/null 2>&1 || refuse "no user postgres, and PostgreSQL does not run as root"
    chown postgres: "$cluster"
  fi
  if ! as_postgres "$bin/initdb" -D "$cluster/data" --username=postgres --auth=trust \
    --encoding=UTF8 --locale=C >"$work/initdb.log" 2>&1; then
    cat "$work/initdb.log" >&2
    refuse "initdb failed"
  fi
  for _ in 1 2 3 4 5; do
    # Below the ports the system gives to outgoing connections.
    port=$((20000 + RANDOM % 10000))
    is_free "$port" || continue
    if as_postgres "$bin/pg_ctl" -D "$cluster/data" -l "$cluster/log" -w -t 60 \
      -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$cluster -c max_connections=300" \
      start >/dev/null; then
      postgres_url=postgres://postgres@127.0.0.1:$port/postgres
      return
    fi
  done
  tail -n 30 "$cluster/log" >&2
  refuse "PostgreSQL did not start"
}

stop_postgres() {
  if [ -n "${cluster:-}" ] && [ -e "$cluster/data/postmaster.pid" ]; then
    as_postgres "$(postgres_bin)/pg_ctl" -D "$cluster/data" -m immediate -w stop >/dev/null || true
  fi
}

# Not below $TMPDIR: the user postgres must be able to enter it, and a socket's path is at most 107 bytes.
work=$(mktemp -d /tmp/smartpay-run.XXXXXX)
chmod 755 "$work"
clean_up() {
  local outcome=$?
  stop_postgres
  rm -rf -- "$work"
  exit "$outcome"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

install_what_is_missing
export CARGO_TERM_PROGRESS_WHEN=never
features=()
if [ "$with_postgres" = yes ]; then features=(--features postgres); fi

# The scenarios of tests/faults, by their numbers, against the program as it is released, with fail points.
run_faults() {
  local all=fail-points
  if [ "$with_postgres" = yes ]; then all=postgres,fail-points; fi
  announce "The faults: building the program"
  cargo build --locked --release --features "$all"
  announce "The faults"
  # Figures (restart times, overdue polls, kill cycles) are printed as they are found.
  SMARTPAY_BINARY=${CARGO_TARGET_DIR:-target}/release/smartpay \
    SMARTPAY_TEST_POSTGRES=${postgres_url:-} \
    SMARTPAY_KILL_CYCLES=$1 \
    cargo test --locked --features "$all" --test faults -- --nocapture
}

if [ "$only_faults" = yes ]; then
  if [ "$with_postgres" = yes ]; then start_postgres; fi
  run_faults "${SMARTPAY_KILL_CYCLES:-200}"
  exit
fi

if [ -n "$seeds" ]; then
  first=${SMARTPAY_FIRST_SEED:-$((RANDOM * 32768 * 32768 + RANDOM * 32768 + RANDOM))}
  announce "The simulation: $seeds seeds from $first on"
  SMARTPAY_FIRST_SEED=$first SMARTPAY_SEEDS=$seeds cargo test --locked --lib simulation::whatever -- --nocapture
  exit
fi

announce "Formatting"
cargo fmt --check

announce "Default build: SQLite only"
cargo check --locked --quiet

announce "Lints"
cargo clippy --locked --quiet "${features[@]}" --all-targets -- -D warnings
# A target that plain `cargo test` skips is not among --all-targets.
cargo clippy --locked --quiet "${features[@]}" --test browser -- -D warnings
cargo clippy --locked --quiet "${features[@]}" --features fail-points --test faults -- -D warnings

announce "The suite on SQLite"
env -u SMARTPAY_TEST_POSTGRES cargo test --locked "${features[@]}"

if [ "$with_postgres" = yes ]; then
  announce "The suite on PostgreSQL"
  start_postgres
  # The simulation keeps to SQLite, and has run.
  SMARTPAY_SEEDS=1 SMARTPAY_TEST_POSTGRES=$postgres_url cargo test --locked "${features[@]}" --all-targets
fi

run_faults "${SMARTPAY_KILL_CYCLES:-20}"
stop_postgres

if [ "$with_browser" = yes ]; then
  announce "The stories in a browser"
  cargo test --locked "${features[@]}" --test browser
fi
