#!/usr/bin/env bash
# Generates everything that follows from schema/source: JSON Schema, C++, Go, Python and TypeScript.
#
#   generate.sh [OUTPUT_DIRECTORY]
#
# Without an argument the committed files are brought up to date; a file that would not change is not touched, and a
# generated file that has no source any more is removed. Needs Node 18 or newer; a build of Troupe does not need this.
set -euo pipefail
export LC_ALL=C

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
output=${1:-$here}
mkdir -p "$output"
output=$(cd "$output" && pwd)
bin=$here/node_modules/.bin

"$here/tools/install.sh"

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
new=$scratch/new

mark="enerated by schema/generate.sh from schema/source/"

quicktype() { # CATEGORY LANGUAGE [OPTION…]
  "$bin/quicktype" --telemetry disable --quiet --no-combine-classes --no-date-times --no-uuids \
    --no-integer-strings --no-boolean-strings \
    --src-lang schema --lang "$2" --out "$scratch/$1.$2" "${@:3}" "$scratch/$1.quicktype.json#/definitions/"
}

json_schema() { # CATEGORY
  mkdir -p "$new/json"
  "$bin/ts-json-schema-generator" --path "$here/source/$1.ts" --tsconfig "$here/tsconfig.json" \
    --type '*' --expose export --unstable --out "$scratch/$1.raw.json"
  node "$here/tools/prepare_schema.mjs" "$1" "$scratch/$1.raw.json" "$new/json/$1.schema.json" \
    "$scratch/$1.quicktype.json"
}

cpp() { # CATEGORY
  mkdir -p "$new/cpp"
  quicktype "$1" c++ --namespace "$1" --code-format with-struct --include-location global-include \
    --type-style pascal-case --member-style camel-case --no-boost --hide-null-optional
  node "$here/tools/finish_cpp.mjs" "$1" "$scratch/$1.c++" "$new/json/$1.schema.json" "$new/cpp"
}

go() { # CATEGORY
  mkdir -p "$new/packages/go/$1"
  quicktype "$1" go --package "$1"
  {
    echo "// Code g$mark$1.ts. DO NOT EDIT."
    echo
    # As gofmt wants it: a field that has a comment is aligned with nothing.
    sed -E -e '1,/^package /{/^package /!d}' -e 's/[[:space:]]+$//' \
      -e 's/^(\t[A-Z][A-Za-z0-9_]*) +([^ ].*[^ ]) +(`json:)/\1 \2 \3/' "$scratch/$1.go"
  } >"$new/packages/go/$1/$1.go"
}

python() { # CATEGORY
  mkdir -p "$new/packages/python/src/troupe_messages"
  quicktype "$1" py --python-version 3.7
  {
    echo "# G$mark$1.ts. Do not edit."
    # Checks that `python -O` does not remove.
    sed -E -e 's/^( +)assert False$/\1raise TypeError(f"unexpected {type(x).__name__}")/' \
      -e 's/^( +)assert (.*\b(x|obj)\b.*)$/\1if not (\2):\n\1    raise TypeError(f"unexpected {type(\3).__name__}")/' \
      -e 's/^( +)except:$/\1except (TypeError, ValueError):/' "$scratch/$1.py"
  } >"$new/packages/python/src/troupe_messages/$1.py"
}

typescript() { # CATEGORY…
  local project=$scratch/typescript name suffix
  mkdir -p "$project/source" "$new/packages/typescript/dist"
  cp "$here/tsconfig.json" "$project"
  cp "$here"/source/*.ts "$project/source"
  for name in envelope "$@"; do
    echo "export * from \"./$name\";"
  done >"$project/source/index.ts"
  (cd "$project" && "$bin/tsc" --outDir "$project/dist")
  for name in index envelope "$@"; do
    for suffix in js d.ts; do
      {
        echo "// G$mark${name/%index/*}.ts. Do not edit."
        cat "$project/dist/$name.$suffix"
      } >"$new/packages/typescript/dist/$name.$suffix"
    done
  done
}

publish() { # copies what changed and removes what has no source any more
  local file
  cd "$new"
  find . -type f | while read -r file; do
    cmp -s "$file" "$output/$file" || install -D -m 644 "$file" "$output/$file"
  done
  cd "$output"
  for file in json cpp packages; do
    [ -d "$file" ] && grep -rlF --exclude-dir=node_modules "$mark" "$file"
  done | while read -r file; do
    [ -e "$new/$file" ] || rm "$file"
  done
}

categories=()
for file in "$here"/source/*.ts; do
  category=$(basename "$file" .ts)
  [ "$category" = envelope ] || categories+=("$category")
done

for category in "${categories[@]}"; do
  json_schema "$category"
  cpp "$category"
  go "$category"
  python "$category"
done
typescript "${categories[@]}"
publish
