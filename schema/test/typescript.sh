#!/usr/bin/env bash
# Tests the TypeScript package as its users have it: compiled, imported by its name, against a real nats-server.
#
#   typescript.sh [FILE.test.mjs]…
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
schema=$(dirname "$here")
PATH=$PATH:/usr/sbin # where Debian has nats-server
"$schema/tools/install.sh"

# Under node_modules, where the examples find the packages that they import.
mkdir -p "$schema/node_modules/.examples"
EXAMPLES=$(mktemp -d "$schema/node_modules/.examples/XXXXXX")
export EXAMPLES
trap 'rm -rf "$EXAMPLES"' EXIT
cp "$schema"/packages/typescript/examples/* "$EXAMPLES"
"$schema/node_modules/.bin/tsc" --project "$EXAMPLES"

[ $# -gt 0 ] || set -- "$here"/typescript/*.test.mjs
node --test --test-reporter=spec "$@"
