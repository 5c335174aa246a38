# What the scripts share. Sourced, never run: `. "$(dirname "$0")/lib.sh"`. Leaves the shell in the project's root.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"

# Tools that only this project uses go here, so that nothing of yours is replaced by another version.
tools=$root/target/tools
PATH=$tools/bin:$PATH
export PATH

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
note() { printf '    %s\n' "$*"; }
fail() {
  printf '\033[1;31mstopped:\033[0m %s\n' "$*" >&2
  exit 1
}
have() { command -v "$1" >/dev/null 2>&1; }

# 75 -> "1m15s"
duration() {
  if [ "$1" -ge 60 ]; then printf '%dm%02ds' $(($1 / 60)) $(($1 % 60)); else printf '%ds' "$1"; fi
}

# A checksum of what is in the given files, their names included.
checksum() { sha256sum "$@" | sha256sum | cut -c1-32; }

# Which Chromium the tests drive.
find_chromium() {
  if [ -n "${COMMONHOLD_CHROMIUM:-}" ]; then
    printf '%s\n' "$COMMONHOLD_CHROMIUM"
  else
    command -v chromium || command -v chromium-browser || command -v google-chrome || true
  fi
}

# Where `scripts/setup` had to take the compiler for WebAssembly from somewhere else, it says so in this file
# (RUSTUP_TOOLCHAIN and a linker). It is for WebAssembly alone: the server is always built by your own compiler.
wasm_cargo() {
  (
    # shellcheck disable=SC1091
    if [ -f "$tools/wasm.env" ]; then . "$tools/wasm.env"; fi
    cargo "$@"
  )
}

# The program of tools/site, built first where it has changed.
site_tool() {
  cargo "$1" --quiet --manifest-path tools/site/Cargo.toml --target-dir "$tools/site" "${@:2}"
}
