#!/usr/bin/env bash
# Tests the Go module with the packages that Debian has of the modules it needs: vetted, its own tests against a real
# nats-server, and every golden message read and written.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
module=$(dirname "$here")/packages/go
debian=/usr/share/gocode/src
PATH=$PATH:/usr/sbin # where Debian has nats-server
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

if [ -n "$(gofmt -l "$module")" ]; then
  gofmt -d "$module" >&2
  exit 1
fi
cp -r "$module" "$scratch/module"
cd "$scratch/module"

# The modules that go.mod requires, under vendor/ as `go mod vendor` would lay them.
mkdir vendor
sed -nE 's/^(require)?[[:space:]]+([^ ]+) (v[^ ]+).*/\2 \3/p' go.mod | while read -r name version; do
  mkdir -p "vendor/$(dirname "$name")"
  cp -rL "$debian/$name" "vendor/$name"
  echo "# $name $version"
  echo "## explicit; go 1.16"
  (cd vendor && find "$name" -name '*.go' -printf '%h\n' | sort -u)
done >"$scratch/modules.txt"
mv "$scratch/modules.txt" vendor/modules.txt

mkdir roundtrip
cp "$here/roundtrip_test.go" roundtrip
{
  echo "package roundtrip"
  echo "import ("
  for folder in "$here"/golden/*/; do
    echo "\"client.devpie.io/troupe/messages/$(basename "$folder")\""
  done
  echo ")"
  echo "var messages = map[string]func() interface{}{"
  for file in "$here"/golden/*/*.json; do
    category=$(basename "$(dirname "$file")") type=$(basename "$file" .json)
    echo "\"$category/$type\": func() interface{} { return new($category.$type) },"
  done
  echo "}"
} >roundtrip/messages_test.go

go vet -mod=vendor ./...
GOLDEN=$here/golden go test -mod=vendor -count=1 "$@" ./...
