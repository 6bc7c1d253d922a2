# What the commands of this folder share: the cluster is the one KUBECONFIG points at, and it is not ours.
NAME=${NAME:-eddyline}
for tool in kubectl helm; do
  command -v $tool >/dev/null || { echo "$tool is missing: put it on the path" >&2; exit 1; }
done
must_be_up() {
  kubectl get --raw /readyz >/dev/null || { echo "no cluster answers: set KUBECONFIG to one where tests may make and delete objects" >&2; exit 1; }
}
