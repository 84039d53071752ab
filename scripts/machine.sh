#!/bin/bash
# The disposable machine: a real systemd, booted by systemd-nspawn over an overlay, in a network namespace of its own.
# Run it (`scripts/machine.sh VERB ...`, as root) or source it and call `machine VERB ...`. Needs no terminal and no host systemd.
#
#   base                          build the base root once, print its path
#   up NAME [--limits] [--bind HOST:IN]... [--bind-ro HOST:IN]...
#                                 fresh overlay over the base, boot, wait until systemd says running or degraded
#   exec NAME CMD...              in all namespaces of the machine, clean environment; stdin and exit code kept
#   run NAME CMD...               the same as a transient unit (own cgroup, journal, what a service would see)
#   reboot NAME                   a real reboot; files, journal, binds, forwards and limits stay
#   powercut NAME                 everything in the machine is killed at once; `boot` starts it again on the same overlay
#   boot NAME                     start a machine that is off
#   down NAME                     power off and remove all that `up` made; quiet when there is nothing
#   forward NAME PORT [HOSTPORT]  127.0.0.1:HOSTPORT here leads to 127.0.0.1:PORT inside, until `down`
#   status NAME                   exit code: 0 running, 3 off, 4 unknown
#   list                          all machines, one line each
#
# --limits makes CPUQuota= and TasksMax= work on cgroup v1 hosts. MemoryMax=, IPAddressDeny= and LimitNOFILE= above the hard limit
# have no effect inside. A power cut loses what processes have in memory, not what the kernel has in its page cache.

MACHINE_STATE=${LAKEBED_MACHINE_STATE:-/var/tmp/lakebed-machine}
MACHINE_CACHE=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/lakebed/machine
MACHINE_SUITE=bookworm
MACHINE_PACKAGES=(
    systemd systemd-sysv dbus ca-certificates iproute2 procps less
    libstdc++6 libsystemd0 libcurl4 libarchive13 libssl3 libpq5 libmicrohttpd12 libfmt9 python3
)
MACHINE_CGROUPS=(systemd unified cpu cpuacct pids blkio)
MACHINE_PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

machine__say() { printf 'machine: %s\n' "$*" >&2; }

# ---- processes: recorded as PID:START:BOOT, so that no signal can reach a stranger who got the same pid -------------------------

machine__record() { # PID -> record; fails when the process is gone or a zombie
    local pid=$1 stat
    { stat=$(<"/proc/$pid/stat"); } 2>/dev/null || return 1
    set -- ${stat##*) }
    [ "$1" != Z ] && echo "$pid:${20}:$(</proc/sys/kernel/random/boot_id)"
}
machine__alive() { [ -n "${1:-}" ] && [ "$(machine__record "${1%%:*}")" = "$1" ]; }
machine__signal() { machine__alive "$2" && kill "-$1" "${2%%:*}" 2>/dev/null; } # SIGNAL RECORD
machine__gone() { # RECORD SECONDS: wait until it has ended
    local i
    for ((i = 0; i < $2 * 20; i++)); do
        machine__alive "$1" || return 0
        sleep 0.05
    done
    return 1
}

# ---- what is known about one machine: files in $MACHINE_STATE/NAME -----------------------------------------------------------
# base, bind, bind-ro (one HOST:IN a line), limits, keeper, nspawn, leader (records), exit (how nspawn ended), forwards/HOSTPORT

machine__get() { cat "$MACHINE_STATE/$1/$2" 2>/dev/null; }
machine__put() { printf '%s\n' "$3" >"$MACHINE_STATE/$1/.$2" && mv "$MACHINE_STATE/$1/.$2" "$MACHINE_STATE/$1/$2"; }
machine__running() { machine__alive "$(machine__get "$1" leader)"; }
machine__known() {
    [ -d "$MACHINE_STATE/$1" ] && return
    machine__say "there is no machine '$1' (see: list)"
    return 4
}
machine__name() {
    [[ ${1:-} =~ ^[a-z][a-z0-9-]{0,39}$ ]] && return
    machine__say "a machine's name is 1 to 40 of a-z, 0-9 and '-', a letter first; not '${1:-}'"
    return 2
}
machine__locked() { # NAME FUNCTION ARGS...: one at a time for each machine
    local name=$1 fd rc
    shift
    mkdir -p "$MACHINE_STATE" || return
    exec {fd}>"$MACHINE_STATE/.$name.lock" || return
    flock -w 300 "$fd" || { machine__say "$name: another call has held the lock for 5 minutes"; return 1; }
    MACHINE_LOCK=$fd "$1" "$name" "${@:2}"
    rc=$?
    exec {fd}>&-
    return $rc
}

# ---- base root ---------------------------------------------------------------------------------------------------------------

machine__tools() {
    command -v debootstrap >/dev/null && command -v systemd-nspawn >/dev/null && command -v ip >/dev/null && return
    machine__say "installing debootstrap, systemd-container and iproute2"
    {
        apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends \
            -o DPkg::Lock::Timeout=300 debootstrap systemd-container iproute2
    } </dev/null >&2
}

machine__base_setup() { # ROOT: everything that differs from plain debootstrap
    local root=$1 unit
    echo lakebed >"$root/etc/hostname"
    printf '127.0.0.1 localhost lakebed\n::1 localhost ip6-localhost\n' >"$root/etc/hosts"
    : >"$root/etc/resolv.conf"
    : >"$root/etc/machine-id"
    rm -f "$root/var/lib/dbus/machine-id"
    echo 'LANG=C.UTF-8' >"$root/etc/default/locale"
    mkdir -p "$root/var/log/journal" "$root/etc/systemd/journald.conf.d"
    printf '[Journal]\nStorage=persistent\nRateLimitIntervalSec=0\n' >"$root/etc/systemd/journald.conf.d/machine.conf"
    for unit in console-getty.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer; do
        ln -sf /dev/null "$root/etc/systemd/system/$unit"
    done
    rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*_* "$root"/var/log/bootstrap.log
}

machine__mounts_below() { awk -v d="$1" '$5 == d || index($5, d "/") == 1 { print $5 }' /proc/self/mountinfo | sort -r; }
machine__remove_tree() { # DIR: unmounts what a killed build left, and never crosses into another filesystem
    local m
    [ -e "$1" ] || return 0
    while read -r m; do umount "$m" || umount -l "$m"; done < <(machine__mounts_below "$1")
    [ -z "$(machine__mounts_below "$1")" ] && rm -rf --one-file-system "$1"
}

machine_base() (
    key=$({ printf '%s\n' "$MACHINE_SUITE" "${MACHINE_PACKAGES[@]}"; declare -f machine__base_setup; } | sha256sum | cut -c1-12)
    base=$MACHINE_CACHE/base-$key
    [ -d "$base" ] && { echo "$base"; exit 0; }
    machine__tools && mkdir -p "$MACHINE_CACHE" || exit
    exec 9>"$MACHINE_CACHE/.lock" && flock 9 || exit
    [ -d "$base" ] && { echo "$base"; exit 0; }
    for old in "$MACHINE_CACHE"/.building-*; do machine__remove_tree "$old" || exit; done # we hold the lock: these were killed
    tmp=$MACHINE_CACHE/.building-$key
    mirror=$(apt-get indextargets --format '$(SITE)' "Codename: $MACHINE_SUITE" 'Created-By: Packages' 2>/dev/null | head -n 1)
    machine__say "building the base root (about 2 minutes, once); log: $MACHINE_CACHE/base.log"
    started=$SECONDS
    if ! debootstrap --variant=minbase --include="$(IFS=, && echo "${MACHINE_PACKAGES[*]}")" "$MACHINE_SUITE" "$tmp" ${mirror:+"$mirror"} \
        </dev/null >"$MACHINE_CACHE/base.log" 2>&1; then # keeps our lock when we are killed
        tail -n 5 "$MACHINE_CACHE/base.log" >&2
        machine__say "debootstrap failed; full log: $MACHINE_CACHE/base.log"
        exit 1
    fi
    machine__base_setup "$tmp" && sync -f "$tmp" && mv -T "$tmp" "$base" || exit
    machine__say "base root built in $((SECONDS - started)) s: $base ($(du -sm "$base" | cut -f1) MB)"
    echo "$base"
)

# ---- start and stop ----------------------------------------------------------------------------------------------------------

machine__cgroups() { # NAME -> directories, one a line
    local h
    if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
        echo "/sys/fs/cgroup/lakebed-$1"
    else
        for h in "${MACHINE_CGROUPS[@]}"; do [ -d "/sys/fs/cgroup/$h" ] && echo "/sys/fs/cgroup/$h/lakebed-$1"; done
    fi
    return 0
}
machine__remove_cgroups() {
    local dir i
    while read -r dir; do
        for ((i = 0; i < 40; i++)); do
            [ -d "$dir" ] || break
            find "$dir" -depth -type d -exec rmdir {} + 2>/dev/null
            [ -d "$dir" ] && sleep 0.05
        done
        [ -d "$dir" ] && machine__say "$1: could not remove $dir"
    done < <(machine__cgroups "$1")
    return 0
}

machine__keeper() { # NAME NSPAWN-ARGS...: parent of nspawn, notes how it ended; lives in its own session
    local name=$1 pid
    shift
    (
        while read -r dir; do mkdir -p "$dir" && echo "$BASHPID" >"$dir/cgroup.procs"; done < <(machine__cgroups "$name")
        exec env -i PATH="$MACHINE_PATH" systemd-nspawn "$@"
    ) &
    pid=$!
    machine__put "$name" nspawn "$(machine__record $pid)"
    wait $pid
    machine__put "$name" exit $?
}

machine__in() { # LEADER-PID CMD...
    local leader=$1
    shift
    ${MACHINE_REPLACE:+exec} env -i PATH="$MACHINE_PATH" HOME=/root USER=root LOGNAME=root SHELL=/bin/bash LANG=C.UTF-8 TERM="${TERM:-dumb}" \
        nsenter -t "$leader" -a "$@"
}

machine__mount() { # NAME: overlay and network namespace (both are gone after a reboot of the host)
    local dir=$MACHINE_STATE/$1
    if ! mountpoint -q "$dir/root"; then
        mount -t overlay "lakebed-$1" -o "lowerdir=$(machine__get "$1" base),upperdir=$dir/upper,workdir=$dir/work" "$dir/root" || return
    fi
    [ -e "/run/netns/lakebed-$1" ] || ip netns add "lakebed-$1" || return
    ip -n "lakebed-$1" link set lo up
}

machine__boot() {
    local name=$1 dir=$MACHINE_STATE/$1 started=${EPOCHREALTIME//[!0-9]/} nspawn= leader= state= i c args=() line
    if machine__running "$name"; then
        machine__say "$name runs already"
        return 1
    fi
    machine__mount "$name" || return
    for c in bind bind-ro; do
        while read -r line; do args+=("--$c=$line"); done < <(machine__get "$name" $c)
    done
    rm -f "$dir/exit" "$dir/nspawn" "$dir/leader"
    # The child must not hold our lock, our terminal or our output.
    MACHINE_STATE=$MACHINE_STATE setsid --fork "${BASH:-bash}" -c ". '$MACHINE_SELF' && machine__keeper \"\$@\"" machine-keeper "$name" \
        -D "$dir/root" -M "$name" --register=no --keep-unit -b --console=pipe --settings=no --link-journal=no --resolv-conf=off \
        --timezone=off --network-namespace-path="/run/netns/lakebed-$name" "${args[@]}" \
        </dev/null >>"$dir/console.log" 2>&1 {MACHINE_LOCK}>&-
    for ((i = 0; i < 200; i++)); do
        nspawn=$(machine__get "$name" nspawn)
        [ -n "$nspawn" ] && break
        sleep 0.02
    done
    for ((i = 0; i < 1500; i++)); do
        if ! machine__alive "$nspawn"; then
            tail -n 8 "$dir/console.log" >&2
            machine__say "$name: systemd-nspawn ended with status $(machine__get "$name" exit); console: $dir/console.log"
            machine__remove_cgroups "$name"
            return 1
        fi
        if [ -z "$leader" ]; then # its first child is a short-lived helper: the machine's PID 1 is the one that became systemd
            for c in $(cat "/proc/${nspawn%%:*}/task/${nspawn%%:*}/children" 2>/dev/null); do
                [ "$(cat "/proc/$c/comm" 2>/dev/null)" = systemd ] && leader=$c && machine__put "$name" leader "$(machine__record "$c")"
            done
        fi
        if [ -n "$leader" ]; then
            state=$(machine__in "$leader" systemctl is-system-running 2>/dev/null </dev/null)
            case $state in running | degraded) break ;; esac
        fi
        sleep 0.04
    done
    case $state in
    running | degraded) ;;
    *) machine__say "$name: did not come up in 60 s or more (state: ${state:-none}); console: $dir/console.log"; return 1 ;;
    esac
    [ -e "$dir/limits" ] && { machine__limits "$name" "$leader" || return; }
    i=$((${EPOCHREALTIME//[!0-9]/} - started))
    machine__say "$(printf '%s is up (%s) after %d.%03d s' "$name" "$state" $((i / 1000000)) $((i / 1000 % 1000)))"
}

machine__limits() { # systemd looked for writable controllers when it booted, so it has to look again
    local c
    [ -e /sys/fs/cgroup/cgroup.controllers ] && return 0
    for c in cpu cpuacct pids blkio; do
        nsenter -t "$2" -m mount -o remount,rw,bind "/sys/fs/cgroup/$c" || { machine__say "$1: cannot make $c writable"; return 1; }
    done
    machine__in "$2" systemctl daemon-reexec </dev/null
}

machine__kill() { # everything in the machine, at once; also what no file names, because an `up` was killed half-way
    local record pid dir i left
    for record in "$(machine__get "$1" nspawn)" "$(machine__get "$1" leader)"; do # a pid namespace dies with its first process
        machine__signal KILL "$record"
    done
    for ((i = 0; i < 200; i++)); do
        left=
        read -r dir < <(machine__cgroups "$1")
        for pid in $(find "$dir" -name cgroup.procs -exec cat {} + 2>/dev/null); do
            grep -qE ":/lakebed-$1(/|\$)" "/proc/$pid/cgroup" 2>/dev/null || continue # it has ended meanwhile
            left+=" $pid"
            ((i % 20 == 0)) && kill -KILL "$pid" 2>/dev/null
        done
        [ -n "$left" ] || break
        sleep 0.05
    done
    [ -z "$left" ] || { machine__say "$1: will not die:$left"; return 1; }
    machine__remove_cgroups "$1"
}

machine__up() {
    local name=$1 dir=$MACHINE_STATE/$1 base kind
    shift
    [ -e "$dir" ] && { machine__say "there is a machine '$name' already: 'boot $name' starts it, 'down $name' removes it"; return 1; }
    local bind=() bind_ro=() limits=
    while [ $# -gt 0 ]; do
        kind=$1
        case $kind in
        --limits) limits=1 ;;
        --bind | --bind-ro)
            [[ ${2:-} == /*:/* ]] || { machine__say "$kind wants HOST:IN, both absolute; not '${2:-}'"; return 2; }
            [ -e "${2%%:*}" ] || { machine__say "$kind: ${2%%:*} does not exist"; return 2; }
            if [ "$kind" = --bind ]; then bind+=("$2"); else bind_ro+=("$2"); fi
            shift
            ;;
        *) machine__say "up: unknown option '$kind'"; return 2 ;;
        esac
        shift
    done
    machine__tools && base=$(machine_base) || return
    mkdir -p "$dir"/{upper,work,root,forwards} && machine__put "$name" base "$base" || return
    [ ${#bind[@]} -gt 0 ] && machine__put "$name" bind "$(printf '%s\n' "${bind[@]}")"
    [ ${#bind_ro[@]} -gt 0 ] && machine__put "$name" bind-ro "$(printf '%s\n' "${bind_ro[@]}")"
    [ -n "$limits" ] && : >"$dir/limits"
    machine__mount "$name" || return
    echo "$name" >"$dir/root/etc/hostname"
    printf '127.0.0.1 localhost %s\n::1 localhost ip6-localhost\n' "$name" >"$dir/root/etc/hosts"
    machine__boot "$name"
}

machine__stop() { # NAME poweroff|reboot SECONDS -> status of nspawn in $MACHINE_EXIT
    local nspawn leader i said
    nspawn=$(machine__get "$1" nspawn) leader=$(machine__get "$1" leader)
    for ((i = 0; i < 50; i++)); do # early in its boot systemd does not listen yet
        said=$(machine__in "${leader%%:*}" systemctl "$2" </dev/null 2>&1) && break
        machine__alive "$leader" || break
        sleep 0.1
    done
    ((i < 50)) || { machine__say "$1: systemctl $2 is refused: $said"; return 1; }
    machine__gone "$nspawn" "$3" || { machine__say "$1: $2 did not end in $3 s"; return 1; }
    for ((i = 0; i < 100; i++)); do
        MACHINE_EXIT=$(machine__get "$1" exit)
        [ -n "$MACHINE_EXIT" ] && break
        sleep 0.02
    done
    machine__remove_cgroups "$1"
}

machine__reboot() {
    machine__running "$1" || { machine__say "$1 is off: 'boot $1' starts it"; return 1; }
    machine__stop "$1" reboot 150 || return
    [ "$MACHINE_EXIT" = 133 ] || { machine__say "$1: nspawn ended with ${MACHINE_EXIT:-nothing}, not 133, at the reboot"; return 1; }
    machine__boot "$1"
}

machine__powercut() {
    machine__running "$1" || { machine__say "$1 is off already"; return 1; }
    machine__kill "$1" || return
    umount "$MACHINE_STATE/$1/root" || umount -l "$MACHINE_STATE/$1/root"
    machine__say "$1: power cut"
}

machine__down() {
    local name=$1 dir=$MACHINE_STATE/$1 f
    [ -d "$dir" ] || return 0
    if machine__running "$name"; then machine__stop "$name" poweroff 60 || machine__say "$name: killing it"; fi
    machine__kill "$name" || return # also what a half-done `up` left
    for f in "$dir"/forwards/*; do
        [ -e "$f" ] || continue
        machine__signal TERM "$(<"$f")"
        machine__gone "$(<"$f")" 5 || machine__signal KILL "$(<"$f")"
    done
    [ -e "/run/netns/lakebed-$name" ] && ip netns delete "lakebed-$name"
    machine__remove_tree "$dir" || { machine__say "$name: $dir is still in use"; return 1; }
    machine__say "$name is removed"
}

# ---- ports -------------------------------------------------------------------------------------------------------------------

machine__listener() { # PORT -> "pid N (program)" of who listens where 127.0.0.1:PORT would
    ss -Hltnp "sport = :$1" 2>/dev/null | awk '$4 ~ /^(127\.0\.0\.1|0\.0\.0\.0|\*|\[::\]):/' |
        sed -nE 's/.*users:\(\("([^"]*)",pid=([0-9]+).*/pid \2 (\1)/p; t; s/.*/a process that cannot be seen/p' | head -n 1
}

machine__forward() {
    local name=$1 port=${2:-} host=${3:-${2:-}} record holder file i pid
    [[ $port =~ ^[0-9]+$ && $host =~ ^[0-9]+$ ]] && ((port > 0 && port < 65536 && host > 0 && host < 65536)) ||
        { machine__say "forward wants PORT [HOSTPORT]"; return 2; }
    file=$MACHINE_STATE/$name/forwards/$host
    if [ -e "$file" ]; then
        record=$(head -n 1 "$file")
        if machine__alive "$record"; then
            [ "$(machine__get "$name" "forwards/.$host.to")" = "$port" ] && { machine__say "127.0.0.1:$host leads to $name:$port already"; return 0; }
            machine__say "127.0.0.1:$host leads to port $(machine__get "$name" "forwards/.$host.to") of $name"
            return 1
        fi
        rm -f "$file"
    fi
    holder=$(machine__listener "$host")
    [ -n "$holder" ] && { machine__say "cannot forward: 127.0.0.1:$host is taken by $holder"; return 1; }
    # By the namespace's name, not by the leader: so a forward outlives a reboot of the machine.
    echo "$port" >"$MACHINE_STATE/$name/forwards/.$host.to"
    env -i PATH="$MACHINE_PATH" setsid --fork bash -c 'echo $$ >"$0" && exec "$@"' "$file.pid" \
        systemd-socket-activate -l "127.0.0.1:$host" \
        nsenter --net="/run/netns/lakebed-$name" /lib/systemd/systemd-socket-proxyd "127.0.0.1:$port" \
        </dev/null >>"$MACHINE_STATE/$name/forwards/.log" 2>&1 {MACHINE_LOCK}>&-
    for ((i = 0; i < 100; i++)); do
        pid=$(cat "$file.pid" 2>/dev/null)
        if [ -n "$pid" ] && [[ $(machine__listener "$host") == "pid $pid "* ]]; then
            record=$(machine__record "$pid") && echo "$record" >"$file" && rm -f "$file.pid" || return
            machine__say "127.0.0.1:$host leads to $name:$port"
            return 0
        fi
        sleep 0.05
    done
    machine__say "could not listen on 127.0.0.1:$host (held by: $(machine__listener "$host")); log: $MACHINE_STATE/$name/forwards/.log"
    [ -n "$pid" ] && record=$(machine__record "$pid") && machine__signal TERM "$record"
    rm -f "$file.pid" "$MACHINE_STATE/$name/forwards/.$host.to"
    return 1
}

# ---- looking -----------------------------------------------------------------------------------------------------------------

machine__describe() { # NAME -> "STATE LEADER FORWARDS"
    local name=$1 state leader f forwards=
    leader=$(machine__get "$name" leader)
    if machine__alive "$leader"; then
        state=$(machine__in "${leader%%:*}" systemctl is-system-running 2>/dev/null </dev/null)
        leader=${leader%%:*}
    else
        state=off leader=-
        [ "$(machine__get "$name" exit)" = 133 ] && state=off,asked-for-reboot
    fi
    for f in "$MACHINE_STATE/$name"/forwards/*; do
        [ -e "$f" ] && machine__alive "$(<"$f")" && forwards+=" ${f##*/}->$(machine__get "$name" "forwards/.${f##*/}.to")"
    done
    echo "${state:-starting} $leader $forwards"
}

machine_status() {
    local state leader forwards kind
    read -r state leader forwards < <(machine__describe "$1")
    printf '%-10s %s\n' name "$1" state "$state" leader "$leader" root "$MACHINE_STATE/$1/root" netns "/run/netns/lakebed-$1" \
        console "$MACHINE_STATE/$1/console.log"
    for kind in bind bind-ro; do machine__get "$1" $kind | sed "s/^/$(printf '%-10s ' $kind)/"; done
    [ -n "$forwards" ] && printf '%-10s %s\n' forwards "$forwards"
    [ -e "$MACHINE_STATE/$1/limits" ] && printf '%-10s %s\n' limits yes
    [ "$leader" != - ] || return 3
}

machine_list() {
    local d state leader forwards
    for d in "$MACHINE_STATE"/*/; do
        [ -d "$d" ] || continue
        d=$(basename "$d")
        read -r state leader forwards < <(machine__describe "$d")
        printf '%-20s %-10s %-8s %s\n' "$d" "$state" "$leader" "$forwards"
    done
}

machine__enter() { # NAME exec|run CMD...
    local name=$1 how=$2 leader MACHINE_REPLACE=$MACHINE_MAIN
    shift 2
    [ $# -gt 0 ] || { machine__say "$how wants a command"; return 2; }
    leader=$(machine__get "$name" leader)
    machine__alive "$leader" || { machine__say "$name is off: 'boot $name' starts it"; return 125; }
    [ "$how" = exec ] && { machine__in "${leader%%:*}" "$@"; return; }
    machine__in "${leader%%:*}" systemd-run --quiet --pipe --wait --collect --setenv=HOME=/root --setenv=LANG=C.UTF-8 -- "$@"
}

machine() {
    local verb=${1:-help} name=${2:-}
    [ $# -gt 0 ] && shift
    case $verb in
    base) machine_base ;;
    list) machine_list ;;
    up | down | boot | reboot | powercut | forward | exec | run | status)
        machine__name "$name" || return
        shift
        if [ "$(id -u)" != 0 ]; then machine__say "needs root"; return 1; fi
        case $verb in up | down) ;; *) machine__known "$name" || return ;; esac
        case $verb in
        exec | run) machine__enter "$name" "$verb" "$@" ;;
        status) machine_status "$name" ;;
        *) machine__locked "$name" "machine__$verb" "$@" ;;
        esac
        ;;
    help | -h | --help) sed -n '2,/^$/s/^# \{0,1\}//p' "$MACHINE_SELF" ;;
    *) machine__say "unknown verb '$verb' (see: help)"; return 2 ;;
    esac
}

MACHINE_SELF=$(readlink -f "${BASH_SOURCE[0]}")
MACHINE_MAIN=
if [ "${BASH_SOURCE[0]}" = "$0" ]; then
    set -u
    MACHINE_MAIN=1
    machine "$@"
    exit
fi
