#!/usr/bin/env bash
# Installs what is missing of the named groups of Debian 12 packages; does nothing if nothing is missing.
# Usage: debian.sh [build|run|test|lint|bench]...
#
# The tests need nats-server 2.10 or newer (older ones are unsafe in a cluster) and kustomize 5. Where Debian's own are older
# or missing, these two packages come from the next suite; nothing else does.
set -euo pipefail

build=(
  g++ cmake ninja-build ccache pkg-config
  libcaf-dev nlohmann-json3-dev libboost-dev libboost-test-dev librapidcheck-dev
  libcpp-httplib-dev libsqlite3-dev libnats-dev libpqxx-dev libvalijson-dev libre2-dev libcli11-dev libspdlog-dev prometheus-cpp-dev
  libjemalloc-dev libssl-dev
)
# What a built program needs to run; test/infra/image.test.mjs holds this against what it links.
run=(
  ca-certificates libcaf-core0.17 libcpp-httplib0.11 libjemalloc2 libnats3.4 libpqxx-6.4 libprometheus-cpp-core1.0 libre2-9
  libspdlog1.10 libsqlite3-0 libssl3 libstdc++6
)
test=(
  curl sqlite3 python3 golang-go golang-github-nats-io-go-nats-dev golang-starlark-dev nodejs npm postgresql chromium
  faketime iproute2 iptables util-linux prometheus checksec
)
bench=(wrk postgresql nodejs npm)
lint=(git clang clang-format clang-tidy libclang-rt-14-dev shellcheck python3)

nats_server_minimum=2.10
next_suite=trixie

# A command that is already there, from wherever, makes its package unnecessary.
declare -A command_of=([nodejs]=node [npm]=npm [golang-go]=go [python3]=python3 [git]=git [curl]=curl [prometheus]=promtool)

wanted=()
for group in "${@:-build}"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    run) wanted+=("${run[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    lint) wanted+=("${lint[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    *)
      echo "debian.sh: no group '$group' (build, run, test, lint, bench)" >&2
      exit 2
      ;;
  esac
done

if ! command -v dpkg-query >/dev/null; then
  echo "Not a Debian system: these packages' equivalents must be there already: ${wanted[*]}" >&2
  exit 0
fi

installed=$(dpkg-query -W -f '${binary:Package} ${db:Status-Status}\n' | sed -n 's/^\([^ :]*\)[^ ]* installed$/\1/p')
missing=()
for package in "${wanted[@]}"; do
  command=${command_of[$package]:-}
  if ! grep -qxF -e "$package" <<<"$installed" && ! { [[ $command ]] && command -v "$command" >/dev/null; }; then
    missing+=("$package")
  fi
done

nats_server_missing() {
  local version
  version=$(nats-server --version 2>/dev/null | sed -n 's/^nats-server: v//p')
  [[ -z $version ]] || dpkg --compare-versions "$version" lt "$nats_server_minimum"
}
# A kubectl of our days has one inside.
kustomize_missing() {
  ! command -v kustomize >/dev/null && ! kubectl version --client 2>/dev/null | grep -q '^Kustomize Version: v5'
}
if [[ " ${*:-build} " == *" test "* ]]; then
  if nats_server_missing; then missing+=(nats-server); fi
  if kustomize_missing; then missing+=(kustomize); fi
fi
if [[ ${#missing[@]} == 0 ]]; then
  exit 0
fi

echo "Installing with apt-get: ${missing[*]}"
as_root=()
if [[ $(id -u) != 0 ]]; then
  if ! command -v sudo >/dev/null; then
    echo "Root is needed: run 'apt-get install ${missing[*]}' as root, then this again" >&2
    exit 1
  fi
  as_root=(sudo)
fi
apt() { "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 "$@"; }

# Fetches a package from the next suite of the mirror that this machine's apt uses, with package lists of its own, so
# that apt learns of no other package of that suite. Prints the file's name.
fetch_from_next_suite() {
  local package=$1 work=$2 mirror
  mirror=$(apt-cache madison nats-server | awk -F ' *[|] *' '{ split($3, source, " "); print source[1]; exit }')
  if [[ -z $mirror ]]; then
    echo "debian.sh: this machine's apt knows no mirror; install nats-server $nats_server_minimum or newer and kustomize 5" >&2
    return 1
  fi
  mkdir -p "$work/parts" "$work/lists/partial"
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$next_suite" \
    /usr/share/keyrings/debian-archive-keyring.gpg >"$work/parts/next.sources"
  local -a apart=(-q -o "Dir::Etc::SourceList=$work/none" -o "Dir::Etc::SourceParts=$work/parts" -o "Dir::State::Lists=$work/lists"
    -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=)
  apt-get "${apart[@]}" update >&2
  (cd "$work" && apt-get "${apart[@]}" download "$package" >&2)
  ls "$work/$package"_*.deb
}

apt update
# Tests start servers of their own from the package's programs: on a machine without PostgreSQL, no server is to be set
# up for the whole system.
if [[ " ${missing[*]} " == *" postgresql "* ]] && ! grep -qxF postgresql-common <<<"$installed"; then
  apt install -y --no-install-recommends postgresql-common
  "${as_root[@]}" sed -i 's/^#\?create_main_cluster = .*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
declare -A minimum_of=([nats-server]=$nats_server_minimum [kustomize]=5)
packages=()
for package in "${missing[@]}"; do
  if [[ ${minimum_of[$package]:-} ]]; then
    candidate=$(apt-cache policy "$package" | sed -n 's/^  Candidate: //p')
    candidate=${candidate/(none)/}
    if dpkg --compare-versions "${candidate:-0}" lt "${minimum_of[$package]}"; then
      package=$(fetch_from_next_suite "$package" "$work")
      chmod -R a+rX "$work"
    fi
  fi
  packages+=("$package")
done
apt install -y --no-install-recommends "${packages[@]}"
# Only its programs are wanted; its server would take the admin endpoint's port, now and after each boot.
if [[ " ${packages[*]} " == *" prometheus "* ]] && command -v systemctl >/dev/null; then
  "${as_root[@]}" systemctl disable --now prometheus 2>/dev/null || true
fi
