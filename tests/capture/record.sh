#!/usr/bin/env bash
# Records household.pcap: a household's traffic on its link to the carrier, made by real programs
# that talk to servers of our own. Everything runs in network namespaces without a way out.
# Usage: record.sh [OUTPUT]      as root on Debian 12; README.md beside this file tells more.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
output=${1:-$here/household.pcap}
sites=$here/sites.txt
max_bytes=999999
mtu=1492

[[ $EUID -eq 0 ]] || { echo "record.sh: must be root" >&2; exit 1; }

# --- what is needed ----------------------------------------------------------------------------

need=(ip:iproute2 tcpdump:tcpdump curl:curl dig:bind9-dnsutils dnsmasq:dnsmasq-base
    ethtool:ethtool openssl:openssl ping:iputils-ping traceroute:traceroute
    ntpdig:ntpsec-ntpdig python3:python3)
packages=()
for pair in "${need[@]}"; do
    command -v "${pair%%:*}" >/dev/null || packages+=("${pair#*:}")
done
python3 -c 'import ensurepip, venv' 2>/dev/null || packages+=(python3-venv)
if ((${#packages[@]})); then
    apt-get update -qq || echo "record.sh: apt-get update failed, going on" >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
fi

venv=${XDG_CACHE_HOME:-$HOME/.cache}/fogline/capture-venv
if ! cmp -s "$here/requirements.txt" "$venv/done"; then
    rm -rf "$venv"
    mkdir -p "$(dirname "$venv")"
    python3 -m venv "$venv"
    "$venv/bin/pip" install -q --only-binary :all: -r "$here/requirements.txt"
    cp "$here/requirements.txt" "$venv/done"
fi
python=$venv/bin/python

# --- namespaces, and their end -------------------------------------------------------------------

tmp=$(mktemp -d)
id=fogcap$$
home=$id-home near=$id-near mid=$id-mid far=$id-far farm_a=$id-a farm_b=$id-b
all=("$home" "$near" "$mid" "$far" "$farm_a" "$farm_b")

clean_up() {
    local status=$? ns pids
    set +e
    if ((status)) && [[ -s $tmp/household.log ]]; then
        echo "record.sh: a step failed; the end of what the programs said:" >&2
        tail -n 40 "$tmp/household.log" >&2
    fi
    for ns in "${all[@]}"; do
        pids=$(ip netns pids "$ns" 2>/dev/null)
        # shellcheck disable=SC2086
        [[ -z $pids ]] || kill -KILL $pids 2>/dev/null
    done
    wait 2>/dev/null
    for ns in "${all[@]}"; do
        ip netns del "$ns" 2>/dev/null
    done
    rm -rf "$tmp"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

on() { ip netns exec "$@"; }

for ns in "${all[@]}"; do
    ip netns add "$ns"
    # No duplicate address detection: addresses are usable at once. Errors are not rate-limited,
    # or traceroute would see holes.
    on "$ns" sysctl -qw net.ipv6.conf.all.accept_dad=0 net.ipv6.conf.default.accept_dad=0 \
        net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
    ip -n "$ns" link set lo up
done
for ns in "$near" "$mid" "$far" "$farm_a" "$farm_b"; do
    on "$ns" sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
done
on "$farm_b" sysctl -qw net.ipv4.ip_default_ttl=128 net.ipv6.conf.all.hop_limit=128 \
    net.ipv6.conf.default.hop_limit=128

# join NS1 IF1 MAC1 NS2 IF2 MAC2: a link without offloads, so what is recorded is what a wire has.
join() {
    local side
    ip -n "$1" link add "$2" address "$3" type veth peer name "$5" address "$6" netns "$4"
    for side in "$1 $2" "$4 $5"; do
        # shellcheck disable=SC2086
        set -- $side
        on "$1" ethtool -K "$2" rx off tx off sg off tso off gso off gro off >/dev/null 2>&1 ||
            on "$1" ethtool -K "$2" tx off tso off gso off gro off >/dev/null
    done
}

# home (subscriber) -- near (BRAS) -- mid -- farm a
#                                      '---- far -- farm b
join "$home" wan0 02:00:5e:00:07:23 "$near" sub0 02:00:5e:00:07:01
join "$near" up0 02:00:5e:00:01:01 "$mid" down0 02:00:5e:00:01:02
join "$mid" a0 02:00:5e:00:02:01 "$farm_a" up0 02:00:5e:00:02:02
join "$mid" far0 02:00:5e:00:03:01 "$far" down0 02:00:5e:00:03:02
join "$far" b0 02:00:5e:00:04:01 "$farm_b" up0 02:00:5e:00:04:02
ip -n "$home" link set wan0 mtu $mtu
ip -n "$near" link set sub0 mtu $mtu

# route NS IPv4-HOP IPv6-HOP PREFIX...
route() {
    local ns=$1 hop4=$2 hop6=$3 prefix
    shift 3
    for prefix; do
        case $prefix in
        *:*) ip -n "$ns" -6 route add "$prefix" via "$hop6" ;;
        *) ip -n "$ns" route add "$prefix" via "$hop4" ;;
        esac
    done
}

# link NS1 IF1 NS2 IF2 N: the transfer networks between routers.
link() {
    ip -n "$1" addr add "198.18.$5.1/30" dev "$2"
    ip -n "$3" addr add "198.18.$5.2/30" dev "$4"
    ip -n "$1" addr add "2001:db8:0:$5::1/64" dev "$2" nodad
    ip -n "$3" addr add "2001:db8:0:$5::2/64" dev "$4" nodad
    ip -n "$1" link set "$2" up
    ip -n "$3" link set "$4" up
}

ip -n "$near" addr add 100.64.0.1 peer 100.64.7.23 dev sub0
ip -n "$near" addr add 2001:db8:7:17::1/64 dev sub0 nodad
ip -n "$near" link set sub0 up
link "$near" up0 "$mid" down0 1
link "$mid" a0 "$farm_a" up0 2
link "$mid" far0 "$far" down0 3
link "$far" b0 "$farm_b" up0 4

to_a=(198.51.100.0/24 192.0.2.0/24 2001:db8:a::/48)
to_b=(203.0.113.0/24 198.19.0.0/16 2001:db8:b::/48)
route "$near" 198.18.1.2 2001:db8:0:1::2 "${to_a[@]}" "${to_b[@]}"
route "$mid" 198.18.1.1 2001:db8:0:1::1 100.64.0.0/10 2001:db8:7::/48
route "$mid" 198.18.2.2 2001:db8:0:2::2 "${to_a[@]}"
route "$mid" 198.18.3.2 2001:db8:0:3::2 "${to_b[@]}"
route "$far" 198.18.4.2 2001:db8:0:4::2 "${to_b[@]}"
route "$far" 198.18.3.1 2001:db8:0:3::1 default
ip -n "$far" -6 route add default via 2001:db8:0:3::1
route "$farm_a" 198.18.2.1 - default
route "$farm_b" 198.18.4.1 - default
ip -n "$farm_a" -6 route add default via 2001:db8:0:2::1
ip -n "$farm_b" -6 route add default via 2001:db8:0:4::1
for prefix in "${to_a[@]}"; do ip -n "$farm_a" route add unreachable "$prefix"; done
for prefix in "${to_b[@]}"; do ip -n "$farm_b" route add unreachable "$prefix"; done

# --- certificates (the keys die with the folder) ---------------------------------------------------

mkdir "$tmp/certs"
ca=$tmp/certs/ca.pem
cd "$tmp/certs"
new_key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
new_key ca.key
openssl req -x509 -new -key ca.key -subj "/O=Example Trust/CN=Example Root" -days 3650 -out ca.pem \
    -addext keyUsage=critical,keyCertSign,cRLSign
new_key inter.key
openssl req -new -key inter.key -subj "/O=Example Trust/CN=Example Issuing 1" -out inter.csr
openssl x509 -req -in inter.csr -CA ca.pem -CAkey ca.key -days 1800 -out inter.pem 2>/dev/null \
    -extfile <(printf 'basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n')
# certificate FILE NAME...: an RSA key, as most small sites have.
certificate() {
    local file=$1
    shift
    openssl req -new -newkey rsa:2048 -noenc -keyout "$file.key" -subj "/CN=$1" -out "$file.csr" 2>/dev/null
    openssl x509 -req -in "$file.csr" -CA inter.pem -CAkey inter.key -days 90 -out "$file.pem" 2>/dev/null \
        -extfile <(printf 'basicConstraints=critical,CA:false\nkeyUsage=critical,digitalSignature,keyEncipherment\nextendedKeyUsage=serverAuth\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName=%s\n' \
            "$(printf 'DNS:%s\n' "$@" | paste -sd,)")
    cat inter.pem >>"$file.pem"
}
for letter in a b; do
    mapfile -t names < <(awk -v f=$letter '$2 == f && $5 ~ /https|imaps/ { print $1 }' "$sites")
    for name in "${names[@]}"; do certificate "$name" "$name"; done
    mapfile -t names < <(awk -v f=$letter '$2 == f && $5 ~ /h3/ { print $1 }' "$sites")
    certificate $letter.all "${names[@]:-$name}"
done
cd "$here"

# --- servers -------------------------------------------------------------------------------------

names=()
records=()
while read -r name farm v4 v6 services; do
    [[ -n $name && $name != \#* ]] || continue
    [[ $services == stranger ]] || names+=("$name")
    ns=$id-$farm
    ip -n "$ns" addr add "$v4/32" dev lo
    if [[ $v6 == - ]]; then
        records+=("--host-record=$name,$v4")
    else
        ip -n "$ns" addr add "$v6/128" dev lo nodad
        records+=("--host-record=$name,$v4,$v6")
    fi
done <"$sites"
# A name whose TXT records fit no packet, as some domains have.
for n in 1 2 3 4 5 6 7 8 9 10 11 12; do
    records+=("--txt-record=example.org,key$n=$(openssl rand -base64 165 | tr -d '\n')")
done

dns4=198.51.100.53 dns6=2001:db8:a:53::53
on "$farm_a" dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts \
    --bind-interfaces --listen-address=$dns4 --listen-address=$dns6 --edns-packet-max=4096 --local-ttl=300 \
    --local=/example.com/ --local=/example.net/ --local=/example.org/ "${records[@]}" 2>"$tmp/dns.log" &
# The carrier's router advertisements.
on "$near" dnsmasq --keep-in-foreground --conf-file=/dev/null --user=root --pid-file= --no-resolv --no-hosts \
    --port=0 --interface=sub0 --enable-ra --dhcp-range=2001:db8:7:17::,ra-only --leasefile-ro \
    --dhcp-leasefile="$tmp/leases" 2>"$tmp/ra.log" &
for letter in a b; do
    on "$id-$letter" "$python" -B "$here/servers.py" $letter "$sites" "$tmp/certs" \
        >"$tmp/farm-$letter.out" 2>"$tmp/farm-$letter.log" &
done
for letter in a b; do
    for _ in {1..150}; do
        ! grep -qs ready "$tmp/farm-$letter.out" || continue 2
        sleep 0.1
    done
    echo "record.sh: the servers of farm $letter did not start:" >&2
    cat "$tmp/farm-$letter.log" >&2
    exit 1
done

# --- the recording -------------------------------------------------------------------------------

ip netns exec "$near" tcpdump -i sub0 -w "$tmp/link.pcap" -s 0 -B 16384 -U -n -Z root 'ip or ip6' 2>"$tmp/tcpdump.log" &
tcpdump=$!
for _ in {1..50}; do
    ! grep -qs 'listening on' "$tmp/tcpdump.log" || break
    sleep 0.1
done

echo "nameserver $dns4" >"$tmp/resolv.conf"
echo "hosts: files dns" >"$tmp/nsswitch.conf"
echo "127.0.0.1 localhost" >"$tmp/hosts"
# at_home COMMAND...: in the home's namespace, with its resolver and no names but the resolver's.
at_home() {
    # shellcheck disable=SC2016
    on "$home" env -i PATH="$PATH" LC_ALL=C HOME="$tmp" timeout 40 bash -euc '
        for f in resolv.conf nsswitch.conf hosts; do mount --bind "$0/$f" "/etc/$f"; done
        exec "$@"' "$tmp" "$@"
}
get() { at_home curl -sSf -o /dev/null --max-time 20 --cacert "$ca" "$@"; }
browse() { at_home "$python" -B "$here/browse.py" "$1" "$ca" "${@:2}"; }
echo_to() { at_home ping -n -i 0.3 "$@"; }
ask() { at_home dig +tries=2 +timeout=1 "$@"; }
# refused STATUS COMMAND...: a command that has to fail with that exit status.
refused() {
    local want=$1 got=0
    shift
    "$@" || got=$?
    ((got == want)) || { echo "record.sh: exit status $got, not $want: $*"; return 1; }
}
step() {
    printf -- '- %s\n' "$*" >&3
    printf -- '- %s\n' "$*"
    sleep 0.5
}
together=()
beside() { "$@" & together+=($!); }
join_all() {
    local pid
    for pid in "${together[@]}"; do wait "$pid"; done
    together=()
}

household() {
    step "the line comes up; neighbours and multicast"
    ip -n "$home" addr add 100.64.7.23 peer 100.64.0.1 dev wan0
    ip -n "$home" addr add 2001:db8:7:17::23/64 dev wan0 nodad
    on "$home" sysctl -qw net.ipv6.conf.wan0.autoconf=0 net.ipv6.conf.wan0.accept_ra_defrtr=0
    ip -n "$home" link set wan0 up
    ip -n "$home" route add default via 100.64.0.1
    ip -n "$home" -6 route add default via 2001:db8:7:17::1
    sleep 1
    echo_to -c 2 ff02::1%wan0
    refused 9 at_home dig +tries=1 +timeout=1 -p 5353 @224.0.0.251 _http._tcp.local PTR

    step "the clock"
    at_home ntpdig -t 3 192.0.2.123
    at_home ntpdig -t 3 time.example.net

    step "names"
    for name in "${names[@]}"; do
        ask "$name" A
        ask "$name" AAAA
    done
    ask www.example.com HTTPS
    ask @$dns6 search.example.com AAAA
    ask no-such-host.example.net A
    ask +tcp mail.example.net MX
    ask +tcp clinic.example.org A
    ask +bufsize=4096 +ignore example.org TXT
    ask +bufsize=4096 +ignore @$dns6 example.org TXT
    ask +bufsize=1232 example.org TXT

    step "reachability"
    echo_to -c 3 www.example.com -4
    echo_to -c 3 www.example.com -6
    echo_to -c 2 -s 3000 198.51.100.22
    echo_to -c 3 -s 3000 2001:db8:a:21::22
    at_home traceroute -n -q 2 -w 1 -m 6 clinic.example.org
    at_home traceroute -n -q 1 -w 1 -m 6 chat.example.com
    at_home traceroute -n -6 -q 2 -w 1 -m 6 www.example.com
    at_home traceroute -n -I -q 1 -w 1 -m 6 203.0.113.200

    step "web over TLS 1.3, TLS 1.2 and none"
    beside get --tlsv1.3 https://www.example.com/ -o /dev/null https://www.example.com/style.css \
        -o /dev/null https://www.example.com/hero.jpg
    beside browse chrome https://shop.example.com/ https://static.cdn.example.net/app.js
    join_all
    get --tlsv1.3 https://clinic.example.org/appointments
    get --tlsv1.3 --http1.1 https://union.example.org/join
    get --tls-max 1.2 https://bank.example.com/account
    get --tls-max 1.2 --http1.1 https://forum.example.org/thread/42
    get --tls-max 1.2 https://login.example.com/
    browse firefox https://chat.example.com/room https://api.example.net/v1/status
    get http://news.example.org/today -o /dev/null http://news.example.org/sport
    get -4 http://www.example.com/

    step "mail"
    at_home curl -sS -o /dev/null --max-time 20 --cacert "$ca" --tls-max 1.2 -4 -u ann:secret \
        'imaps://mail.example.net/INBOX;MAILINDEX=1'
    at_home curl -sS -o /dev/null --max-time 20 --cacert "$ca" -6 -u ann:secret \
        'imaps://mail.example.net/INBOX;MAILINDEX=1'

    step "QUIC"
    at_home "$python" -B "$here/quic_get.py" "$ca" music.example.net 203.0.113.200 / /track.ogg
    at_home "$python" -B "$here/quic_get.py" "$ca" search.example.com 2001:db8:b:33::5 '/?q=weather'
    browse chrome h3+https://search.example.com/ h3+https://music.example.net/hero.jpg

    step "large transfers, side by side"
    beside get --tlsv1.3 -4 https://video.cdn.example.net/seg1.m4s -o /dev/null https://video.cdn.example.net/seg2.m4s
    beside get -6 http://updates.example.org/pkg.tar.xz
    head -c 40000 /dev/urandom >"$tmp/photo.jpg"
    beside get --tlsv1.3 -6 -T "$tmp/photo.jpg" https://photos.example.net/album/photo.jpg
    join_all

    step "what is not there"
    refused 1 echo_to -c 2 -W 1 198.51.100.250
    refused 7 get --connect-timeout 3 http://old.example.org/
    refused 9 at_home dig +tries=1 +timeout=1 @192.0.2.199 old.example.org A

    step "a stranger knocks"
    on "$farm_b" ping -n -i 0.3 -c 2 -I 2001:db8:b:666::66 2001:db8:7:17::23
    refused 7 on "$farm_b" env -i PATH="$PATH" curl -sS --max-time 3 --interface 2001:db8:b:666::66 \
        'http://[2001:db8:7:17::23]:8080/'
    sleep 1
}

exec 3>&1
household >"$tmp/household.log" 2>&1
kill -TERM $tcpdump
wait $tcpdump

# --- is it what it should be? ----------------------------------------------------------------------

# count FILTER: how many packets of the recording match.
count() { tcpdump -r "$tmp/link.pcap" -n "$1" 2>/dev/null | wc -l; }
want() {
    local n
    n=$(count "$2")
    printf '%6d  %s\n' "$n" "$1"
    ((n >= $3)) || { echo "record.sh: fewer than $3" >&2; exit 1; }
}
: >"$tmp/household.log"
want "packets" "ip or ip6" 600
want "TLS over IPv4" "ip and tcp port 443" 100
want "TLS over IPv6" "ip6 and tcp port 443" 50
want "plain HTTP" "tcp port 80" 50
want "IMAP over TLS" "tcp port 993" 20
want "QUIC" "udp port 443" 50
want "DNS over UDP" "udp port 53" 80
want "DNS over TCP" "tcp port 53" 10
want "NTP" "udp port 123" 4
want "ICMP echo" "icmp[0] == 8 or icmp[0] == 0" 6
want "ICMP errors" "icmp[0] == 3 or icmp[0] == 11" 10
want "ICMPv6" "icmp6" 6
want "IPv4 fragments" "ip[6:2] & 0x3fff != 0" 6
want "IPv6 fragments" "ip6[6] == 44" 6
want "TCP resets" "tcp[13] & 4 != 0 or (ip6[6] == 6 and ip6[53] & 4 != 0)" 2
want "multicast" "ip multicast or ip6 multicast" 3
((10#$(count "greater $((mtu + 15))") == 0)) || { echo "record.sh: a packet is larger than the MTU" >&2; exit 1; }
size=$(stat -c %s "$tmp/link.pcap")
((size <= max_bytes)) || { echo "record.sh: $size bytes, more than $max_bytes" >&2; exit 1; }
install -m 644 "$tmp/link.pcap" "$output"
echo "$output: $size bytes"
