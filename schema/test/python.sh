#!/usr/bin/env bash
# Tests the Python package without installing it.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../packages/python/src
python3 -m unittest discover --start-directory "$here/python"
