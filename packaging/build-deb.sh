#!/bin/bash
# Builds the .deb from the release preset in build/pkg, without the tests, and prints its path.
set -euo pipefail
cd "$(dirname "$0")/.."
{
    cmake --preset release -B build/pkg -DLAKEBED_TESTS=OFF
    nice ninja -C build/pkg
    rm -f build/pkg/lakebed_*.deb
    (cd build/pkg && cpack -G DEB)
} >&2
readlink -f build/pkg/lakebed_*.deb
