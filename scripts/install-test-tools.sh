#!/usr/bin/env bash
# Installs the real registries and clients that the tests and the comparison run against. What is there already in the
# wanted version is left alone. Debian's packages need root; the rest is built with Go into .tools/bin.
set -euo pipefail

# every version that is pinned, in one place: program, package, version
GO_TOOLS=(
  'registry github.com/distribution/distribution/v3/cmd/registry v3.1.2'
  'crane    github.com/google/go-containerregistry/cmd/crane     v0.22.1'
  'regctl   github.com/regclient/regclient/cmd/regctl            v0.11.7'
)
DEBIAN_PACKAGES=(docker-registry skopeo) # each has a program of its own name

APT_SECONDS=300
BUILD_SECONDS=900

cd "$(dirname "$0")/.."
bin="$PWD/.tools/bin"

main() {
  mkdir -p "$bin"
  install_debian_packages
  local tool
  for tool in "${GO_TOOLS[@]}"; do
    # shellcheck disable=SC2086 -- the three words of a line
    install_go_tool $tool
  done
}

install_debian_packages() {
  local missing=() package
  for package in "${DEBIAN_PACKAGES[@]}"; do
    if command -v "$package" > /dev/null; then echo "$package: found"; else missing+=("$package"); fi
  done
  if [ ${#missing[@]} -eq 0 ]; then return; fi
  if [ "$(id -u)" != 0 ] || ! command -v apt-get > /dev/null; then
    fail "not found: ${missing[*]}; run this as root where there is apt-get, or install them by hand"
  fi
  export DEBIAN_FRONTEND=noninteractive
  timeout "$APT_SECONDS" apt-get update --quiet \
    || fail 'apt-get update failed: are the package mirrors in /etc/apt within reach?'
  timeout "$APT_SECONDS" apt-get install --quiet --yes --no-install-recommends "${missing[@]}" \
    || fail "apt-get could not install ${missing[*]}: try 'apt-get install ${missing[*]}' by hand"
}

install_go_tool() {
  local name=$1 package=$2 version=$3
  if has_version "$bin/$name" "$version"; then
    echo "$name $version: found"
    return
  fi
  command -v go > /dev/null || fail "go not found, which builds $name: install Go (https://go.dev/dl/)"
  echo "$name $version: building"
  GOBIN="$bin" CGO_ENABLED=0 timeout "$BUILD_SECONDS" go install -trimpath "$package@$version" \
    || fail "go could not build $package@$version: is the module proxy within reach ('go env GOPROXY')?"
}

# a program built with Go says which module it was built of
has_version() {
  [ -x "$1" ] && command -v go > /dev/null && go version -m "$1" | grep -P "^\tmod\t\S+\t\Q$2\E\t" > /dev/null
}

fail() {
  echo "install-test-tools: $*" >&2
  exit 1
}

main
