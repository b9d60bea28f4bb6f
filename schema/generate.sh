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

mark="enerated by schema/generate.sh from schema/"

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

names() { # LANGUAGE CATEGORY
  node "$here/tools/name_messages.mjs" "$1" "$new/json/$2.schema.json"
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
    echo "// Code g${mark}source/$1.ts. DO NOT EDIT."
    echo
    # As gofmt wants it: a field that has a comment is aligned with nothing.
    sed -E -e '1,/^package /{/^package /!d}' -e 's/[[:space:]]+$//' \
      -e 's/^(\t[A-Z][A-Za-z0-9_]*) +([^ ].*[^ ]) +(`json:)/\1 \2 \3/' "$scratch/$1.go"
  } >"$new/packages/go/$1/$1.go"
  {
    echo "// Code g${mark}source/$1.ts. DO NOT EDIT."
    echo
    names go "$1"
  } >"$new/packages/go/$1/messages.go"
  cp "$new/json/$1.schema.json" "$new/packages/go/$1"
}

python() { # CATEGORY
  mkdir -p "$new/packages/python/src/troupe_messages"
  quicktype "$1" py --python-version 3.7
  {
    echo "# G${mark}source/$1.ts. Do not edit."
    # Checks that `python -O` does not remove.
    sed -E -e 's/^( +)assert False$/\1raise TypeError(f"unexpected {type(x).__name__}")/' \
      -e 's/^( +)assert (.*\b(x|obj)\b.*)$/\1if not (\2):\n\1    raise TypeError(f"unexpected {type(\3).__name__}")/' \
      -e 's/^( +)except:$/\1except (TypeError, ValueError):/' "$scratch/$1.py"
    names python "$1"
  } >"$new/packages/python/src/troupe_messages/$1.py"
  cp "$new/json/$1.schema.json" "$new/packages/python/src/troupe_messages"
}

# The types of source/ and what is written by hand in packages/typescript/src, compiled as one program.
typescript() { # CATEGORY…
  local project=$scratch/typescript package=$here/packages/typescript name file from
  mkdir -p "$project"
  cp "$package/tsconfig.json" "$project"
  cp -r "$package/src" "$project"
  cp "$here"/source/*.ts "$project/src"
  ln -s "$here/node_modules" "$project"
  for name in "$@"; do
    if [ -e "$package/src/$name.ts" ]; then
      echo "schema/source/$name.ts: packages/typescript/src has a file of that name; choose another" >&2
      return 1
    fi
    names typescript "$name" >"$project/src/${name}_messages.ts"
  done
  (cd "$project/src" && for file in *.ts; do echo "export * from \"./${file%.ts}\";"; done) >"$scratch/index.ts"
  mv "$scratch/index.ts" "$project/src"
  "$bin/tsc" --project "$project" --rootDir "$project/src" --noEmit false --outDir "$project/dist"
  (cd "$project/dist" && find . -type f) | while read -r file; do
    name=${file#./} name=${name%.js} name=${name%.d.ts}
    from=source/${name%_messages}.ts
    [ "$name" != index ] || from='source/*.ts'
    [ ! -e "$package/src/$name.ts" ] || from=packages/typescript/src/$name.ts
    mkdir -p "$(dirname "$new/packages/typescript/dist/$file")"
    {
      echo "// G$mark$from. Do not edit."
      cat "$project/dist/$file"
    } >"$new/packages/typescript/dist/$file"
  done
  for name in "$@"; do
    cp "$new/json/$name.schema.json" "$new/packages/typescript/dist"
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
