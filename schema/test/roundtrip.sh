#!/usr/bin/env bash
# Reads and writes every golden message in Python and TypeScript; what comes out must equal what went in. (For Go, go.sh
# does this.)
# golden/<category>/<Type>.json names the type, so a new message needs a golden file and nothing here.
#
#   roundtrip.sh [python|typescript]…
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
schema=$(dirname "$here")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

goldens=()
for file in "$here"/golden/*/*.json; do
  goldens+=("$(basename "$(dirname "$file")")/$(basename "$file" .json)")
done

type_of() { echo "${1#*/}"; }

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
      echo "{ const message: messages.$(type_of "$golden") = $(cat "$here/golden/$golden.json");"
      echo "  const envelope: messages.Envelope<\"$(type_of "$golden")\", messages.$(type_of "$golden")> ="
      echo "    { id: \"1\", type: \"$(type_of "$golden")\", metadata: { traceId: \"t\", userId: \"\", version: 1 }, data: message };"
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
[ $# -gt 0 ] || languages=(python typescript)
every_message_has_a_golden_file
for language in "${languages[@]}"; do
  "$language"
  echo "$language: ${#goldens[@]} messages are the same after reading and writing"
done
