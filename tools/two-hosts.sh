#!/usr/bin/env bash
# Two hosts on one Linux machine: network namespaces with names, addresses and a cable between them, over which
# Open MPI trains a network. The values have to be those of one process, a process that is killed has to be
# noticed by the others, and the saved checkpoint has to go on. Needs root, ip, nsenter, mpirun and a build
# (npm run build): tools/two-hosts.sh
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d)
mpirun=$(command -v mpirun.openmpi || command -v mpirun)
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 NO_COLOR=1
export OMPI_MCA_btl_vader_single_copy_mechanism=none

# Each lives as long as a process in it does.
unshare --net --uts sleep 1800 & one=$!
unshare --net --uts sleep 1800 & two=$!
end() { kill "$one" "$two" 2>/dev/null || true; rm -rf "$work"; }
trap end EXIT
sleep 1
ip link add "cable$one" type veth peer name "cable$two"
k=0
for host in "$one" "$two"; do
  k=$((k + 1))
  ip link set "cable$host" netns "$host"
  nsenter -t "$host" -n -u sh -c "hostname host$k; ip link set lo up
    ip addr add 10.77.0.$k/24 dev cable$host; ip link set cable$host up"
done

# What ssh would do: a command on the other host.
cat > "$work/agent" <<AGENT
#!/bin/sh
case "\$1" in 10.77.0.1) host=$one;; *) host=$two;; esac
shift
exec nsenter -t \$host -n -u sh -c "\$*"
AGENT
chmod +x "$work/agent"

# on HOSTS PROGRAM …: mpirun, as it is called on the first host.
on() {
  local hosts=$1 count
  shift
  count=$(tr ',' '\n' <<< "$hosts" | sed 's/.*://' | paste -sd+ | bc)
  nsenter -t "$one" -n -u "$mpirun" -n "$count" --host "$hosts" --mca plm_rsh_agent "$work/agent" \
    --mca btl tcp,self --mca btl_tcp_if_include 10.77.0.0/24 --mca oob_tcp_if_include 10.77.0.0/24 "$@"
}
both=10.77.0.1:2,10.77.0.2:2
chainrule=("$(command -v node)" "$root/dist/cli.js")
file=$root/examples/spirals.yaml
train=("${chainrule[@]}" train "$file" --mpi --deterministic --quiet)
values() { node -e '
  const bytes = require("fs").readFileSync(process.argv[1]);
  console.log(require("crypto").createHash("sha256").update(bytes.subarray(8 + Number(bytes.readBigUInt64LE()))).digest("hex"))' "$1"; }

echo "hosts: $(on "$both" sh -c 'echo "$OMPI_COMM_WORLD_RANK on $(hostname)"' | sort | paste -sd';')"
on 10.77.0.1:1 "${train[@]}" --epochs 30 --out "$work/one.safetensors"
on "$both" "${train[@]}" --epochs 30 --out "$work/four.safetensors"
on "$both" "${train[@]}" --epochs 30 --shard --out "$work/shards.safetensors"
for name in one four shards; do echo "$name: $(values "$work/$name.safetensors")"; done
[ "$(values "$work/one.safetensors")" = "$(values "$work/four.safetensors")" ]
[ "$(values "$work/one.safetensors")" = "$(values "$work/shards.safetensors")" ]
echo "The values are those of one process."

# A process of the second host is killed.
on "$both" "${train[@]}" --epochs 1000000 --save-every 1 --out "$work/long.safetensors" > "$work/said" 2>&1 &
running=$!
for _ in $(seq 120); do [ -e "$work/long.safetensors" ] && break; sleep 0.5; done
victim=$(for p in /proc/[0-9]*; do
  [ "$(readlink "$p/ns/net")" = "$(readlink "/proc/$two/ns/net")" ] && tr '\0' ' ' < "$p/cmdline" |
    grep -q "^[^ ]*node .*$work/long" && basename "$p"; done 2>/dev/null | head -1) || true
echo "killed: process $victim on host2"
kill -9 "$victim"
wait "$running" && { echo "mpirun did not notice"; exit 1; }
grep -v "^$\|^---" "$work/said" | head -14

# On the first host alone it goes on.
cp "$work/long.safetensors" "$work/rest.safetensors"
epochs=$(node -e '
  const bytes = require("fs").readFileSync(process.argv[1]);
  const { __metadata__: { training } } = JSON.parse(bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE())));
  console.log(JSON.parse(training).progress.epoch)' "$work/rest.safetensors")
on 10.77.0.1:2 "${train[@]}" --resume "$work/rest.safetensors" --epochs $((epochs + 2))
echo "The checkpoint of epoch $epochs has gone on on one host."
