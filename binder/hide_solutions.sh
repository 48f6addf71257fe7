#!/bin/bash
# Jupyter's list of files shows learners the lessons, and not their solutions.
set -euo pipefail
config="$(python -c 'import sys; print(sys.prefix)')/etc/jupyter"
mkdir -p "$config"
cp "$(dirname "$0")/jupyter_config.json" "$config"
