#!/bin/sh
# Collects the root file system of the image: some programs of Debian with their libraries, CA certificates, two users,
# and no package manager. The Dockerfile runs it as `make-root.sh DIR`.
set -eu

PROGRAMS='
  /usr/local/bin/node
  /usr/bin/git
  /usr/lib/git-core/git-remote-http
  /bin/sh
  /usr/bin/env
'
# a CI system with a script needs these next to a shell
for name in cat chmod cp ls mkdir rm; do PROGRAMS="$PROGRAMS /bin/$name"; done

# the user of the image
NONROOT=65532

root=$1
mkdir -p "$root"

main() {
  for link in bin lib lib64; do [ ! -L "/$link" ] || cp -P "/$link" "$root/"; done
  for program in $PROGRAMS; do
    copy "$program"
    # `libc.so.6 => /lib/…/libc.so.6 (0x…)`, and the loader without an arrow
    ldd "$program" 2> /dev/null | grep -o '/[^ ]*' | while read -r library; do copy "$library"; done
  done
  copy /etc/ssl/certs/ca-certificates.crt
  copy /etc/nsswitch.conf
  copy_package ca-certificates
  ln -s git-remote-http "$root/usr/lib/git-core/git-remote-https"
  add_users
  mkdir -p "$root/var" "$root/home/nonroot" "$root/proc" "$root/dev" "$root/sys"
  mkdir -p "$root/usr/share/git-core/templates" # without it each clone has a warning
  mkdir -m 1777 "$root/tmp" "$root/var/tmp"
  chown "$NONROOT:$NONROOT" "$root/home/nonroot"
  try_programs
}

# a library that is missing ends the build, on every platform
try_programs() {
  : > "$root/dev/null" # for git
  chroot "$root" node --version
  chroot "$root" git --version
  rm "$root/dev/null"
}

# copies a file to its path, and what is known of its package
copy() {
  file=$(readlink -f "$(dirname "$1")")/$(basename "$1")
  [ ! -e "$root$file" ] || return 0
  mkdir -p "$root$(dirname "$file")"
  cp -L -p "$file" "$root$file"
  # Debian has files of /usr under their former paths, too
  package=$(dpkg-query --search "$file" "${file#/usr}" 2> /dev/null | grep -v '^diversion' | head -n 1 | cut -d: -f1)
  if [ -n "$package" ]; then copy_package "$package"; fi
}

# the entry of a package where scanners look for it in images without dpkg, and its licence
copy_package() {
  entry=$root/var/lib/dpkg/status.d/$1
  [ ! -e "$entry" ] || return 0
  mkdir -p "$root/var/lib/dpkg/status.d" "$root/usr/share/doc/$1"
  dpkg-query --status "$1" > "$entry"
  cp -L -p "/usr/share/doc/$1/copyright" "$root/usr/share/doc/$1/"
}

add_users() {
  printf '%s\n' 'root:x:0:0:root:/root:/bin/sh' "nonroot:x:$NONROOT:$NONROOT:nonroot:/home/nonroot:/bin/sh" > "$root/etc/passwd"
  printf '%s\n' 'root:x:0:' "nonroot:x:$NONROOT:" > "$root/etc/group"
}

main
