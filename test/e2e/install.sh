#!/usr/bin/env bash
# Installs the packages of package-lock.json into node_modules unless they are there already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

command -v npm >/dev/null || {
  echo "test/e2e needs Node.js 18 or newer and npm" >&2
  exit 1
}
installed=node_modules/.installed-lock
if ! cmp -s package-lock.json "$installed"; then
  npm ci --loglevel=error
  cp package-lock.json "$installed"
fi
