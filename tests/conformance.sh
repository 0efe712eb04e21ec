#!/usr/bin/env bash
# Connectors and sandbox banks against the public standards and independent implementations: see --help.
set -euo pipefail

usage() {
  cat <<'TEXT'
Usage: tests/conformance.sh SPECS_FOLDER

Runs the connectors against the sandbox banks through `prism proxy --errors` with the OpenAPI descriptions in
SPECS_FOLDER (Berlin Group 1.3.11, STET 1.4.2 and 1.5); every signature of STET is verified by httpsig on the way. Then
our signatures against httpsig, our OAuth client against an authorisation server made of authlib, sign-in to the back
office through npm's oidc-provider, and the gateway against partners with ordinary libraries: authlib as their OAuth
client, npm's http-message-signatures to sign their requests and to verify our answers. Fails when either side breaks the standard, or when of one bank nothing was
judged.

Needs the Rust toolchain, node with npm, and python3 with venv (installed when it may: root on Debian); prism, httpsig,
authlib, oidc-provider and http-message-signatures come from npm and PyPI into ${SMARTPAY_CONFORMANCE_TOOLS:-~/.cache/smartpay-conformance}, once.
TEXT
}

case ${1:-} in
  --help | -h) usage; exit 0 ;;
  '') usage >&2; exit 2 ;;
esac
specs=$(cd -- "$1" && pwd)
exec </dev/null
cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.."

announce() { printf '\n=== %s\n' "$*"; }

refuse() {
  printf '\ntests/conformance.sh: %s\n' "$*" >&2
  exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

missing_packages() {
  has node || printf 'nodejs\n'
  has npm || printf 'npm\n'
  python3 -c 'import ensurepip, venv' 2>/dev/null || printf 'python3-venv\n'
}

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
  if [ ! -x "$prism" ]; then
    announce "Installing prism"
    npm install --silent --no-audit --no-fund --prefix "$tools/prism" @stoplight/prism-cli@5.14.2 >"$work/npm.log" 2>&1 ||
      { tail -n 30 "$work/npm.log" >&2; refuse "could not install prism"; }
  fi
  if [ ! -f "$oidc_provider" ]; then
    announce "Installing oidc-provider"
    npm install --silent --no-audit --no-fund --prefix "$tools/oidc-provider" oidc-provider@8.8.1 >"$work/npm.log" 2>&1 ||
      { tail -n 30 "$work/npm.log" >&2; refuse "could not install oidc-provider"; }
  fi
  if [ ! -d "$message_signatures" ]; then
    announce "Installing http-message-signatures"
    npm install --silent --no-audit --no-fund --prefix "$tools/message-signatures" http-message-signatures@1.0.6 >"$work/npm.log" 2>&1 ||
      { tail -n 30 "$work/npm.log" >&2; refuse "could not install http-message-signatures"; }
  fi
  if ! "$python" -c 'import authlib.oauth2, cryptography, httpsig, joserfc, requests' 2>/dev/null; then
    announce "Installing httpsig and authlib"
    python3 -m venv --clear "$tools/python"
    "$python" -m pip install --quiet --disable-pip-version-check httpsig==1.3.0 'authlib>=1.6,<2' 'joserfc>=1.0,<2' requests cryptography
  fi
}

work=$(mktemp -d "${TMPDIR:-/tmp}/smartpay-conformance.XXXXXX")
tools=${SMARTPAY_CONFORMANCE_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/smartpay-conformance}
prism=$tools/prism/node_modules/.bin/prism
python=$tools/python/bin/python
message_signatures=$tools/message-signatures/node_modules/http-message-signatures
oidc_provider=$tools/oidc-provider/node_modules/oidc-provider/lib/index.js
judge=
clean_up() {
  local outcome=$?
  # Its standard input ends, and with it the judge and its prisms.
  exec {judge_input}>&- || true
  if [ -n "$judge" ]; then wait "$judge" || true; fi
  rm -rf -- "$work"
  exit "$outcome"
}
mkdir -p "$tools"
mkfifo "$work/judge_input"
exec {judge_input}<>"$work/judge_input"
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

install_what_is_missing
export CARGO_TERM_PROGRESS_WHEN=never PYTHONDONTWRITEBYTECODE=1
# The same build as tests/run.sh makes, where it can be made.
features=()
if printf 'int main(void) { return 0; }\n' | cc -x c - -lpq -o /dev/null 2>/dev/null; then features=(--features postgres); fi
announce "Building the stories"
cargo test --locked --quiet "${features[@]}" --test it --no-run
stories() { env -u SMARTPAY_TEST_POSTGRES cargo test --locked --quiet "${features[@]}" --test it -- "$@"; }

announce "Signatures, OAuth and OpenID Connect against httpsig, authlib and oidc-provider"
SMARTPAY_CONFORMANCE_PYTHON=$python SMARTPAY_CONFORMANCE_OIDC_PROVIDER=$oidc_provider \
  SMARTPAY_CONFORMANCE_MESSAGE_SIGNATURES=$message_signatures stories --ignored conformance:: | tee "$work/stories"
if grep -q 'running 0 tests' "$work/stories"; then refuse "no story was run"; fi

announce "Through the judge"
touch "$work/calls"
# The judge must hold no writing end of its own input.
(
  input=$work/judge_input
  exec {judge_input}>&-
  exec "$python" tests/conformance/judge.py serve "$specs" "$prism" "$work" <"$input"
) &
judge=$!
until [ -e "$work/address" ]; do
  if ! kill -0 "$judge" 2>/dev/null; then
    tail -n 20 "$work"/*.log >&2
    refuse "the judge did not start"
  fi
  sleep 0.2
done
# Left out: a key that the bank does not know, which breaks the standard on purpose.
outcome=0
SMARTPAY_JUDGE=$(cat "$work/address") stories \
  accounts:: consents:: funds:: every_sca:: stet_banks:: happy_path:: several:: standing_orders:: \
  --test-threads 4 --skip a_bank_that_does_not_know_our_key || outcome=$?
"$python" tests/conformance/judge.py report "$work" || outcome=1
if [ "$outcome" -ne 0 ]; then refuse "not as the standards say"; fi
