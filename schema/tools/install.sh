#!/usr/bin/env bash
# Installs the tools of package-lock.json into node_modules unless they are there already, and beside them the package
# of packages/typescript, as its tests and examples import it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v npm >/dev/null || {
  echo "schema/ needs Node.js 18 or newer and npm to generate the message types" >&2
  exit 1
}
installed=node_modules/.installed-lock
if ! cmp -s package-lock.json "$installed"; then
  npm ci --loglevel=error
  cp package-lock.json "$installed"
fi
if [ ! -e node_modules/@devpie/troupe-messages ]; then
  mkdir -p node_modules/@devpie
  ln -sfn ../../packages/typescript node_modules/@devpie/troupe-messages
fi
