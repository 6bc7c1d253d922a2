# What the commands of this folder share. NAME picks one of several clusters on a machine.
NAME=${NAME:-eddyline}
[[ $NAME =~ ^[a-z][a-z0-9-]{0,30}$ ]] || { echo "NAME=$NAME: use lower case letters, digits and '-', at most 31" >&2; exit 2; }
KUBE_VERSION=v1.36.3
STATES=/var/lib/eddyline-kube
STATE=$STATES/$NAME
RUN=/run/eddyline-kube/$NAME
# From the ranges reserved for documentation and benchmarks: they are nobody's, and nothing leaves the network namespace.
NODE_IP=198.51.100.2 DNS_IP=198.51.100.53 API_IP=198.18.0.1 SERVICES=198.18.0.0/16 PODS=198.19.0.0/24
BIN=${EDDYLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/eddyline}/kube-rig/$KUBE_VERSION/bin
NETWORK=/run/netns/$NAME
CGROUP=eddyline-$NAME

inside() { nsenter --net="$NETWORK" "$@"; }
kube() { inside "$BIN/kubectl" --kubeconfig "$STATE/admin.kubeconfig" "$@"; }
node_ctr() { ctr -a "$RUN/containerd.sock" -n k8s.io "$@"; }
# The mounted cgroup hierarchies: one on cgroup v2, one per controller before.
cgroup_hierarchies() { awk '$3 == "cgroup" || $3 == "cgroup2" {print $2}' /proc/mounts; }
is_ours() { # pid: whether it is a process of this cluster; a recorded id may be another's after a restart of the machine
  grep -qsF "$STATE/" "/proc/$1/cmdline"
}
must_be_up() { [ -e "$NETWORK" ] && [ -f "$STATE/up" ] || { echo "cluster $NAME is not up: run $(dirname "$0")/up" >&2; exit 1; }; }
