#!/bin/sh
# Includes go one way (DESIGN.md §5): memory <- cpu, memory <- devices, both <- frontend.
# usage: include_check.sh SOURCE_DIRECTORY
set -eu
cd "$1"
bad=0
forbid() {
  if grep -rnE "#include \"($2)/" --include='*.h' --include='*.cpp' "$1"; then
    echo "$1/ must not include $2" >&2
    bad=1
  fi
}
forbid memory 'cpu|devices|frontend|tests'
forbid cpu 'devices|frontend|tests'
forbid devices 'cpu|frontend|tests'
forbid frontend 'tests'
exit "$bad"
