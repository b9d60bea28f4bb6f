#!/usr/bin/env bash
# Installs the packages of a folder's package-lock.json into its node_modules, unless they are there already.
# Usage: npm.sh FOLDER
set -euo pipefail
cd "$1"

command -v npm >/dev/null || {
  echo "$1 needs Node.js 18 or newer and npm" >&2
  exit 1
}
installed=node_modules/.installed-lock
if ! cmp -s package-lock.json "$installed"; then
  npm ci --loglevel=error
  cp package-lock.json "$installed"
fi
