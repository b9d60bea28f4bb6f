#!/usr/bin/env bash
# Reads and writes every golden message in Go, Python and TypeScript; what comes out must equal what went in.
# golden/<category>/<Type>.json names the type, so a new message needs a golden file and nothing here.
#
#   roundtrip.sh [go|python|typescript]…
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
schema=$(dirname "$here")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

goldens=()
for file in "$here"/golden/*/*.json; do
  goldens+=("$(basename "$(dirname "$file")")/$(basename "$file" .json)")
done

category() { echo "${1%/*}"; }
type() { echo "${1#*/}"; }

# A message without a golden file would go untested in every language.
every_message_has_a_golden_file() {
  python3 - "$schema" "${goldens[@]}" <<'PYTHON'
import json, pathlib, sys

schema, goldens = pathlib.Path(sys.argv[1]), set(sys.argv[2:])
for file in schema.glob("json/*.schema.json"):
    document = json.loads(file.read_text(encoding="utf-8"))
    for name in document["definitions"]:
        golden = f'{document["title"]}/{name}'
        if golden not in goldens:
            sys.exit(f"schema/test/golden/{golden}.json is missing")
PYTHON
}

go() {
  local golden
  {
    echo "module roundtrip"
    echo "go 1.19"
    echo "require client.devpie.io/troupe/messages v0.1.0"
    echo "replace client.devpie.io/troupe/messages => $schema/packages/go"
  } >"$scratch/go.mod"
  cp "$here/roundtrip_test.go" "$scratch"
  {
    echo "package roundtrip"
    echo "import ("
    printf '%s\n' "${goldens[@]%/*}" | sort -u | while read -r golden; do
      echo "\"client.devpie.io/troupe/messages/$golden\""
    done
    echo ")"
    echo "var messages = map[string]func() interface{}{"
    for golden in "${goldens[@]}"; do
      echo "\"$golden\": func() interface{} { return new($(category "$golden").$(type "$golden")) },"
    done
    echo "}"
  } >"$scratch/messages_test.go"
  (cd "$scratch" && GOFLAGS=-mod=mod GOLDEN="$here/golden" command go test -count=1 ./...)
  (cd "$schema/packages/go" && command go vet ./...)
  [ -z "$(gofmt -l "$schema/packages/go")" ] || {
    gofmt -d "$schema/packages/go" >&2
    return 1
  }
}

python() {
  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$schema/packages/python/src" python3 -O "$here/roundtrip.py" "$here/golden" "${goldens[@]}"
}

# The compiler checks each golden message against its type (a member too many or too few is an error), as a consumer
# of the package sees it.
typescript() {
  local golden
  "$schema/tools/install.sh"
  mkdir -p "$scratch/node_modules/@devpie"
  ln -s "$schema/packages/typescript" "$scratch/node_modules/@devpie/troupe-messages"
  {
    echo 'import type * as messages from "@devpie/troupe-messages";'
    echo 'import { deepStrictEqual } from "./roundtrip";'
    for golden in "${goldens[@]}"; do
      echo "{ const message: messages.$(type "$golden") = $(cat "$here/golden/$golden.json");"
      echo "  const envelope: messages.Envelope<\"$(type "$golden")\", messages.$(type "$golden")> ="
      echo "    { id: \"1\", type: \"$(type "$golden")\", metadata: { traceId: \"t\", userId: \"\", version: 1 }, data: message };"
      echo "  deepStrictEqual(JSON.parse(JSON.stringify(envelope)), envelope, \"$golden\"); }"
    done
  } >"$scratch/main.ts"
  {
    echo 'declare function require(name: string): any;'
    echo 'export const deepStrictEqual: (a: unknown, b: unknown, message: string) => void = require("assert").deepStrictEqual;'
  } >"$scratch/roundtrip.ts"
  "$schema/node_modules/.bin/tsc" --strict --target es2020 --module commonjs --outDir "$scratch/out" \
    "$scratch/main.ts"
  node "$scratch/out/main.js"
}

languages=("$@")
[ $# -gt 0 ] || languages=(go python typescript)
every_message_has_a_golden_file
for language in "${languages[@]}"; do
  "$language"
  echo "$language: ${#goldens[@]} messages are the same after reading and writing"
done
