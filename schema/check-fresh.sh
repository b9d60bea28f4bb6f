#!/usr/bin/env bash
# Fails when a committed generated file is not what its source generates.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
fresh=$(mktemp -d)
trap 'rm -rf "$fresh"' EXIT

"$here/generate.sh" "$fresh"

generated() { # DIRECTORY
  (cd "$1" && grep -rlF --exclude-dir=node_modules "enerated by schema/generate.sh from schema/" \
    json cpp packages | LC_ALL=C sort)
}

stale=0
if ! diff -u --label committed --label generated <(generated "$here") <(generated "$fresh"); then
  stale=1
fi
while read -r file; do
  if [ -e "$here/$file" ] && ! diff -u --label "committed/$file" --label "generated/$file" "$here/$file" "$fresh/$file"; then
    stale=1
  fi
done < <(generated "$fresh")

if [ "$stale" -ne 0 ]; then
  echo "schema: the generated files are not what schema/source says. Run 'make schema' and commit what changed." >&2
  exit 1
fi
echo "schema: the generated files are fresh."
