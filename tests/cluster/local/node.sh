# One node: scheduler, containerd, kubelet, kube-proxy, CoreDNS and volumes. Sourced by up.
write_runtime_settings() {
  cat > "$RUN/cni/10-pods.conflist" <<C
{"cniVersion":"1.0.0","name":"$NAME","plugins":[
 {"type":"bridge","bridge":"cni0","isGateway":true,"ipMasq":false,"hairpinMode":true,
  "ipam":{"type":"host-local","ranges":[[{"subnet":"$PODS"}]],"dataDir":"$STATE/cni","routes":[{"dst":"0.0.0.0/0"}]}},
 {"type":"portmap","capabilities":{"portMappings":true}}]}
C
  cat > "$STATE/containerd.toml" <<C
version = 2
root = "$STATE/containerd"
state = "$RUN/containerd"
[grpc]
  address = "$RUN/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "registry.local/pause:1"
  disable_apparmor = true
  restrict_oom_score_adj = true       # lowering the score needs CAP_SYS_RESOURCE
  netns_mounts_under_state_dir = true # so that "down" finds this cluster's, and no other's
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$RUN/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      SystemdCgroup = false
C
}
write_node_settings() {
  local pki=$STATE/pki
  echo "nameserver $DNS_IP" > "$RUN/resolv.conf"
  # failCgroupV1 off: machines with cgroup v1 serve as well. containerd 1.6 cannot be asked for its driver, so cgroupfs is said here.
  cat > "$STATE/kubelet.yaml" <<C
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
failSwapOn: false
cgroupDriver: cgroupfs
cgroupRoot: /$CGROUP
enforceNodeAllocatable: [pods]
containerRuntimeEndpoint: unix://$RUN/containerd.sock
tlsCertFile: $pki/node.crt
tlsPrivateKeyFile: $pki/node.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $pki/ca.crt}}
authorization: {mode: Webhook}
clusterDNS: [$DNS_IP]
clusterDomain: cluster.local
resolvConf: $RUN/resolv.conf
imageGCHighThresholdPercent: 100
evictionHard: {memory.available: 200Mi, nodefs.available: 1Gi, imagefs.available: 1Gi}
maxPods: 60
seccompDefault: true
C
  cat > "$STATE/kube-proxy.yaml" <<C
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: "$STATE/kube-proxy.kubeconfig"}
clusterCIDR: $PODS
hostnameOverride: node-1
conntrack: {maxPerCore: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}
C
  cat > "$STATE/kube-scheduler.yaml" <<C
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
leaderElection: {leaderElect: false}
clientConnection: {kubeconfig: "$STATE/kube-scheduler.kubeconfig"}
C
  cat > "$STATE/Corefile" <<C
.:53 {
  bind $DNS_IP
  errors
  ready $NODE_IP:8181
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $STATE/coredns.kubeconfig $NAME
    pods insecure
    ttl 1
  }
  cache 1
}
C
}
# The kubelet sets these for the whole machine; the last cluster to go puts them back.
keep_machine_settings() {
  local key saved=$STATES/.machine-settings
  [ -f "$saved" ] && return
  for key in vm.overcommit_memory kernel.panic kernel.panic_on_oops; do echo "$key=$(sysctl -n "$key")"; done > "$saved"
}
make_cgroups() {
  local root
  for root in $(cgroup_hierarchies); do
    [ -f "$root/cgroup.subtree_control" ] && sed 's/[a-z]*/+&/g' "$root/cgroup.controllers" > "$root/cgroup.subtree_control" 2>/dev/null
    mkdir -p "$root/$CGROUP" 2>/dev/null || true
  done
}
# Local ones, made ahead: the kubelet gives them to the pod's fsGroup as it does on a cloud. A released one is not used again.
make_volumes() {
  local i
  { cat <<S
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: standard, annotations: {storageclass.kubernetes.io/is-default-class: "true"}}
provisioner: kubernetes.io/no-provisioner
volumeBindingMode: WaitForFirstConsumer
S
    for i in $(seq 100 227); do mkdir -p "$STATE/volumes/$i"; cat <<S
---
apiVersion: v1
kind: PersistentVolume
metadata: {name: local-$i}
spec:
  capacity: {storage: 20Gi}
  accessModes: [ReadWriteOnce]
  persistentVolumeReclaimPolicy: Retain
  storageClassName: standard
  local: {path: $STATE/volumes/$i}
  nodeAffinity: {required: {nodeSelectorTerms: [{matchExpressions: [{key: kubernetes.io/hostname, operator: In, values: [node-1]}]}]}}
S
    done; } | kube create -f - >/dev/null
}
start_node() {
  local config=$STATE/kube-scheduler.kubeconfig
  inside sysctl -qw net.ipv4.ip_forward=1
  inside sysctl -qw net.bridge.bridge-nf-call-iptables=1 2>/dev/null || true
  keep_machine_settings
  make_cgroups
  write_runtime_settings
  write_node_settings
  start kube-scheduler "$BIN/kube-scheduler" --config="$STATE/kube-scheduler.yaml" --authentication-kubeconfig="$config" \
    --authorization-kubeconfig="$config" --bind-address=127.0.0.1
  # "/" is often mounted private, which breaks the mounts a kubelet shares: both live in a mount namespace of their own.
  start containerd unshare -m --propagation slave bash -c "mount --make-rshared / && exec containerd -c $STATE/containerd.toml"
  await containerd 30 node_ctr version
  "$here/pause-image" "$STATE/pause.tar"
  node_ctr images import --digests=false "$STATE/pause.tar" >/dev/null
  start kubelet nsenter --mount="/proc/$(cat "$STATE/pids/containerd")/ns/mnt" "$BIN/kubelet" --config="$STATE/kubelet.yaml" \
    --kubeconfig="$STATE/node.kubeconfig" --hostname-override=node-1 --node-ip=$NODE_IP --root-dir="$STATE/kubelet"
  start kube-proxy "$BIN/kube-proxy" --config="$STATE/kube-proxy.yaml"
  start coredns "$BIN/coredns" -conf "$STATE/Corefile"
  make_volumes
  await kubelet 120 kube wait --for=condition=Ready node/node-1 --timeout=2s
}
