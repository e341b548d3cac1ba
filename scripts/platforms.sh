#!/usr/bin/env bash
# Looks at what users install (the client, its SDK and the packages below them)
# with go vet, tests included, for other systems than this one:
#
#	platforms.sh [SYSTEM/ARCHITECTURE…]     when left out, all that are supported
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

supported=(linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64)
packages=(./ident ./manifest ./archive ./translog ./api ./spec ./client ./cmd/oripk)

for platform in "${@:-${supported[@]}}"; do
	if ! CGO_ENABLED=0 GOOS=${platform%/*} GOARCH=${platform#*/} go vet "${packages[@]}"; then
		echo "platforms: this does not build for $platform" >&2
		exit 1
	fi
done
