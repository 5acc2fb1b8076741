# shellcheck shell=bash
# Guests: virtual machines of Debian's own packages, in QEMU's emulation. Sourced, after hosts.sh.
#
# What a guest is made of lies in .state/hosts/guests (scripts/guest-image); what it runs as, in
# .state/hosts/run: NAME.pid, its console, and a monitor to stop and continue it.

GUESTS=$HOSTS/guests
RUNNING=$HOSTS/run
GUEST_HOME=/root/codebae-runner
GUEST_KEY=$GUESTS/key
BOOT_SECONDS=900
GUEST_SECONDS=7200 # the longest that anything may take in a guest, by this machine's clock

free_port() {
    python3 -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# boot NAME SUITE MEMORY [KERNEL-ARGUMENT...]: what it writes is gone when it ends.
boot() {
    local name=$1 image=$GUESTS/$2.ext4 memory=$3
    shift 3
    GUEST_PORT=$(free_port)
    GUEST=$RUNNING/$name
    mkdir -p "$RUNNING"
    truncate --size=0 "$GUEST.swap" && truncate --size=1G "$GUEST.swap"
    say "$name: booting"
    TMPDIR=$RUNNING setsid qemu-system-x86_64 -name "$name" -nodefaults -display none \
        -accel tcg,thread=multi,tb-size=1024 -cpu max -smp 2 -m "$memory" \
        -serial "file:$GUEST.console" -pidfile "$GUEST.pid" \
        -monitor "unix:$GUEST.mon,server,nowait" \
        -kernel "${image%.ext4}.vmlinuz" -initrd "${image%.ext4}.initrd" \
        -append "root=/dev/vda rw console=ttyS0 mitigations=off panic=1 net.ifnames=0 $*" \
        -drive "file=$image,if=virtio,format=raw,snapshot=on,cache=unsafe" \
        -drive "file=$GUEST.swap,if=virtio,format=raw,cache=unsafe" \
        -netdev "user,id=n0,restrict=on,hostfwd=tcp:127.0.0.1:$GUEST_PORT-:22" \
        -device virtio-net-pci,netdev=n0 -device virtio-rng-pci \
        >"$GUEST.qemu.log" 2>&1 </dev/null &
    QEMU=$!
    until_booted
}

until_booted() {
    local deadline=$((SECONDS + BOOT_SECONDS))
    until in_guest true 2>/dev/null; do
        kill -0 "$QEMU" 2>/dev/null || die "QEMU has ended, see $GUEST.qemu.log"
        [ $SECONDS -lt $deadline ] || die "the guest does not answer, see $GUEST.console"
        sleep 2
    done
}

# in_guest COMMAND...: in the guest, as a shell reads it.
in_guest() {
    timeout --foreground "$GUEST_SECONDS" ssh -q -i "$GUEST_KEY" -p "$GUEST_PORT" -o BatchMode=yes \
        -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o ConnectTimeout=20 \
        -o ServerAliveInterval=20 -o ServerAliveCountMax=1000 root@127.0.0.1 "$@"
}

# The guest's own, which stands still where the guest is stopped.
now() { in_guest 'cut -d . -f 1 /proc/uptime'; }

# The checkout's files, as they are now, but for what is made of them.
send_checkout() {
    in_checkout | in_guest "mkdir -p $GUEST_HOME && tar --extract --warning=no-timestamp --no-same-owner --directory $GUEST_HOME"
}

in_checkout() {
    git ls-files -z --cached --others --exclude-standard \
        | tar --create --null --verbatim-files-from --ignore-failed-read --files-from - 2>/dev/null
}

end_guest() {
    [ -n "${QEMU:-}" ] || return 0
    kill "$QEMU" 2>/dev/null || true
    wait "$QEMU" 2>/dev/null || true
    rm -f "$GUEST.pid" "$GUEST.mon" "$GUEST.swap"
    QEMU=''
}
