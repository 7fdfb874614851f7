# lib.sh — what serve, test and the CI script share: installing what is missing, configuring, building.
# Sourced, not run. Needs Debian 12 (or a system where the packages are already there), root or sudo.

set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\033[1m== %s\033[0m\n' "$*"; }
die() { printf '%s\n' "$*" >&2; exit 1; }

build_packages=(gcc g++ libc6-dev meson ninja-build pkg-config
  libwebsockets-dev libwebsockets-evlib-ev libev-dev libjansson-dev libsqlite3-dev libsoxr-dev libsndfile1-dev libebur128-dev
  libkissfft-dev libpng-dev portaudio19-dev libopus-dev libogg-dev libmp3lame-dev libflac-dev libshout-dev)
test_packages=(libcmocka-dev clang llvm libclang-rt-14-dev clang-format libobjc-12-dev
  pocl-opencl-icd mesa-opencl-icd ocl-icd-libopencl1
  chromium nodejs npm ffmpeg mpv vlc-bin vlc-plugin-base icecast2 sox fluidsynth timgm6mb-soundfont curl ca-certificates procps sqlite3 openssl man-db)

arm_packages=(gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user) # for scripts/neon; CI only
count_packages=(valgrind binutils)                                  # for scripts/instructions; CI only

# Installs those of the named packages that are missing; nothing to do is the usual case and takes no time.
install_missing() {
  local missing=() name
  for name in "$@"; do
    case "$name" in # a newer one installed by other means does as well
      nodejs) command -v node >/dev/null && continue ;;
      npm) command -v npm >/dev/null && continue ;;
    esac
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null || true)" = installed ] || missing+=("$name")
  done
  [ ${#missing[@]} -eq 0 ] && return
  command -v apt-get >/dev/null || die "These packages are missing and there is no apt-get to install them: ${missing[*]}"
  local sudo=
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || die "Installing ${missing[*]} needs root or sudo."
    sudo=sudo
  fi
  say "Installing ${missing[*]}"
  $sudo apt-get update -qq
  $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Takes in certificate authorities that an administrator put in place but nobody has bundled yet (a new container, say).
refresh_certificates() {
  [ -n "$(find /usr/local/share/ca-certificates -name '*.crt' 2>/dev/null)" ] || return
  say "Refreshing the bundle of certificates"
  if [ "$(id -u)" -eq 0 ]; then update-ca-certificates >/dev/null; else sudo update-ca-certificates >/dev/null; fi
}

# build DIR [meson options…]: configures once, then builds what changed.
build() {
  local dir=$1; shift
  if [ ! -f "$dir/build.ninja" ]; then
    say "Configuring $dir"
    meson setup "$dir" "$@" >"$dir.log" 2>&1 || { cat "$dir.log" >&2; die "meson setup failed"; }
    rm -f "$dir.log"
  fi
  say "Building $dir"
  ninja -C "$dir" --quiet
}
