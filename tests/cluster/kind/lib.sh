# What the commands of this folder share. NAME picks one of several clusters on a machine.
NAME=${NAME:-eddyline}
STATE=${EDDYLINE_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/eddyline}/kind/$NAME
NODE_IMAGE=${KIND_NODE_IMAGE:-}
for tool in kind docker kubectl; do
  command -v $tool >/dev/null || { echo "$tool is missing; kind.sigs.k8s.io/docs/user/quick-start says how to install it" >&2; exit 1; }
done
exists() { kind get clusters 2>/dev/null | grep -qx "$NAME"; }
must_be_up() { exists && [ -f "$STATE/kubeconfig" ] || { echo "cluster $NAME is not up: run $(dirname "$0")/up" >&2; exit 1; }; }
