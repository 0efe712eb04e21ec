#!/usr/bin/env bash
# Every page as browsers, screen readers and validators see it: see --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/web-quality.sh [--only PART]

Starts the demonstration, walks through the payer's pages, the back office, the shop and the sandbox banks, and judges
each page: axe (WCAG 2.2 and best practice), html-validate, no sideways scrolling from 320 px on, light, dark and forced
colours, with and without script, nothing in the console, nothing from other sites; pa11y on the payer's pages;
Lighthouse and the budgets of requests and bytes on the hosted page; every state of the payer's pages with sample data
(/demo/states); the mails to payers by caniemail, axe and html-validate. Each finding says area, page, width, rule and
element; no finding is exit 0.

Needs the Rust toolchain, node with npm, and chromium (installed when it may: root on Debian); the tools come from npm
into ${SMARTPAY_WEB_TOOLS:-~/.cache/smartpay-web-quality}, once. ${SMARTPAY_BINARY} is the program to look at; without
it the release program when there is one that is newer than the debug one, otherwise the debug program is built.

  --only PART   only the stories whose name holds PART, such as "payer, ro", "back office", "shop", "states", "mails",
                "lighthouse"
  --help        this text

SMARTPAY_SCREENSHOTS=1 keeps a picture of every page at every width under var/screenshots/web.
TEXT
}

only=
while [ "$#" -gt 0 ]; do
  case $1 in
    --help | -h) usage; exit 0 ;;
    --only) only=${2:?--only needs a part of a story\'s name}; shift 2 ;;
    *) usage >&2; exit 2 ;;
  esac
done
exec </dev/null
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

announce() { printf '\n=== %s\n' "$*"; }

refuse() {
  printf '\ntests/web-quality.sh: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

browser() { command -v chromium || command -v google-chrome || command -v chrome; }

missing_packages() {
  has node || printf 'nodejs\n'
  has npm || printf 'npm\n'
  browser >/dev/null || printf 'chromium\n'
}

# The versions by which findings are judged.
npm_tools=(playwright-core@1.65.1 axe-core@4.14.1 html-validate@11.18.0 pa11y@10.0.0 lighthouse@13.5.0 caniemail@1.0.5)

install_what_is_missing() {
  local missing
  mapfile -t missing < <(missing_packages)
  if [ "${#missing[@]}" -gt 0 ]; then
    if [ "$(id -u)" != 0 ] || ! has apt-get; then
      refuse "not installed: ${missing[*]}
On Debian: sudo apt-get update && sudo apt-get install -y ${missing[*]}"
    fi
    announce "Installing ${missing[*]}"
    if ! {
      apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    } >"$work/apt.log" 2>&1; then
      tail -n 30 "$work/apt.log" >&2
      refuse "could not install ${missing[*]}"
    fi
  fi
  if [ "$(cat "$SMARTPAY_WEB_TOOLS/installed" 2>/dev/null)" != "${npm_tools[*]}" ]; then
    announce "Installing ${npm_tools[*]}"
    # The browser is the system's.
    PUPPETEER_SKIP_DOWNLOAD=1 npm install --silent --no-audit --no-fund --save-exact --prefix "$SMARTPAY_WEB_TOOLS" "${npm_tools[@]}" \
      >"$work/npm.log" 2>&1 || { tail -n 30 "$work/npm.log" >&2; refuse "could not install the npm tools"; }
    printf '%s\n' "${npm_tools[*]}" >"$SMARTPAY_WEB_TOOLS/installed"
  fi
}

is_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Six ports in a row, below those the system gives to outgoing connections.
free_ports() {
  local first port
  for _ in 1 2 3 4 5 6 7 8 9 10; do
    first=$((20000 + RANDOM % 10000))
    for port in 0 1 2 3 4 5; do is_free $((first + port)) || continue 2; done
    printf '%s\n' "$first"
    return
  done
  return 1
}

program() {
  local target=${CARGO_TARGET_DIR:-target}
  if [ -n "${SMARTPAY_BINARY:-}" ]; then
    printf '%s\n' "$SMARTPAY_BINARY"
  elif [ "$target/release/smartpay" -nt "$target/debug/smartpay" ]; then
    printf '%s\n' "$target/release/smartpay"
  else
    cargo build --locked --quiet >&2
    printf '%s\n' "$target/debug/smartpay"
  fi
}

export SMARTPAY_WEB_TOOLS=${SMARTPAY_WEB_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/smartpay-web-quality}
work=$(mktemp -d "${TMPDIR:-/tmp}/smartpay-web.XXXXXX")
demo=
clean_up() {
  local outcome=$?
  if [ -n "$demo" ]; then
    kill "$demo" 2>/dev/null || true
    wait "$demo" 2>/dev/null || true
  fi
  rm -rf -- "$work"
  exit "$outcome"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP
mkdir -p "$SMARTPAY_WEB_TOOLS"

install_what_is_missing
announce "The demonstration"
export CARGO_TERM_PROGRESS_WHEN=never
smartpay=$(program)
first=$(free_ports) || refuse "no six free ports in a row"
"$smartpay" demo --dir "$work/demo" --public-port "$first" --gateway-port $((first + 1)) --banks-port $((first + 2)) \
  --operations-port $((first + 3)) --shop-port $((first + 4)) --banks-tls-port $((first + 5)) >"$work/demo.log" 2>&1 &
demo=$!
for _ in $(seq 300); do
  if grep -q 'Start here' "$work/demo.log" && ! is_free "$first"; then break; fi
  kill -0 "$demo" 2>/dev/null || { tail -n 20 "$work/demo.log" >&2; refuse "the demonstration did not start"; }
  sleep 0.2
done

announce "Looking at every page"
node tests/web/run.mjs "$work/demo/demo.json" "$(browser)" "$only" || refuse "there are findings"
