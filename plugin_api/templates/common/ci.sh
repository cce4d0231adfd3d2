#!/bin/sh
# What must be green before a change lands: it builds, and it passes the conformance checker.
# LATERAL_PREFIX: where lateral is installed; not needed when its bin/ is in PATH.
set -eu
cd "$(dirname "$0")"
cmake -S . -B build ${LATERAL_PREFIX:+-DCMAKE_PREFIX_PATH="$LATERAL_PREFIX"} -DREQUIRE_CHECK=ON
cmake --build build
ctest --test-dir build --output-on-failure
