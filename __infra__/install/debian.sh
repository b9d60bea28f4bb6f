#!/usr/bin/env bash
# Installs what is missing of the named groups of Debian 12 packages; does nothing if nothing is missing.
# Usage: debian.sh [build|test|lint|bench]...
set -euo pipefail

build=(
  g++ cmake ninja-build ccache pkg-config
  libcaf-dev nlohmann-json3-dev libboost-dev libboost-test-dev librapidcheck-dev
  libcpp-httplib-dev libsqlite3-dev libvalijson-dev libre2-dev libcli11-dev libspdlog-dev prometheus-cpp-dev libjemalloc-dev
  libpqxx-dev
)
test=(curl sqlite3 python3 golang-go nodejs npm postgresql)
bench=(wrk postgresql nodejs npm)
lint=(git clang clang-format clang-tidy libclang-rt-14-dev shellcheck python3)

# A command that is already there, from wherever, makes its package unnecessary.
declare -A command_of=([nodejs]=node [npm]=npm [golang-go]=go [python3]=python3 [git]=git [curl]=curl)

wanted=()
for group in "${@:-build}"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    lint) wanted+=("${lint[@]}") ;;
    bench) wanted+=("${bench[@]}") ;;
    *)
      echo "debian.sh: no group '$group' (build, test, lint, bench)" >&2
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
apt update
# Tests start servers of their own from the package's programs: on a machine without PostgreSQL, no server is to be set
# up for the whole system.
if [[ " ${missing[*]} " == *" postgresql "* ]] && ! grep -qxF postgresql-common <<<"$installed"; then
  apt install -y --no-install-recommends postgresql-common
  "${as_root[@]}" sed -i 's/^#\?create_main_cluster = .*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
fi
apt install -y --no-install-recommends "${missing[@]}"
