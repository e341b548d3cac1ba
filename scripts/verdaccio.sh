#!/usr/bin/env bash
# Installs Verdaccio, an npm registry for one's own machine, into a folder: what
# make bench compares oripk sync with. It takes npm and a minute.
set -euo pipefail

cd "${1:?usage: verdaccio.sh FOLDER}"
# node-fetch is pinned because a dependency asks for it by a tag that not every
# mirror of the npm registry has.
cat >package.json <<'JSON'
{"name": "bench", "version": "1.0.0", "private": true,
 "dependencies": {"verdaccio": "6.8.0"}, "overrides": {"node-fetch": "2.7.0"}}
JSON
npm install --no-audit --no-fund --omit=dev --loglevel=error
