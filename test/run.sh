#!/bin/sh
# npm test: sets up what is not there yet, then runs all tests that this host can run. Arguments go to vitest.
set -eu
cd "$(dirname "$0")/.."
[ -x node_modules/.bin/vitest ] && [ -x node_modules/.bin/node ] || npm ci
exec node_modules/.bin/node test/run.ts "$@"
