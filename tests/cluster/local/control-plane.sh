# etcd, the API server and the controller manager. Sourced by up.
write_policies() {
  # Tests count writes by user and find rights nobody uses, so every request is logged; the two kinds of noise are not.
  cat > "$STATE/audit.yaml" <<K
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
- {level: None, nonResourceURLs: ["/readyz*", "/livez*", "/healthz*", "/openapi*", "/version"]}
- {level: Metadata}
K
  # What the strictest of our users have: every namespace refuses pods that are not "restricted".
  cat > "$STATE/admission.yaml" <<K
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  configuration:
    apiVersion: pod-security.admission.config.k8s.io/v1
    kind: PodSecurityConfiguration
    defaults: {enforce: restricted, enforce-version: latest, warn: restricted, warn-version: latest}
    exemptions: {namespaces: [kube-system]}
K
}
start_etcd() {
  start etcd "$BIN/etcd" --data-dir "$STATE/etcd" --listen-client-urls http://127.0.0.1:2379 --advertise-client-urls http://127.0.0.1:2379 \
    --listen-peer-urls http://127.0.0.1:2380 --unsafe-no-fsync --log-level warn
}
start_apiserver() {
  local pki=$STATE/pki
  start kube-apiserver "$BIN/kube-apiserver" --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --bind-address=0.0.0.0 \
    --advertise-address=$NODE_IP --service-cluster-ip-range=$SERVICES --profiling=false \
    --tls-cert-file="$pki/apiserver.crt" --tls-private-key-file="$pki/apiserver.key" --client-ca-file="$pki/ca.crt" \
    --kubelet-client-certificate="$pki/kubelet-client.crt" --kubelet-client-key="$pki/kubelet-client.key" \
    --kubelet-certificate-authority="$pki/ca.crt" --kubelet-preferred-address-types=InternalIP \
    --service-account-issuer=https://kubernetes.default.svc.cluster.local \
    --service-account-key-file="$pki/sa.pub" --service-account-signing-key-file="$pki/sa.key" \
    --authorization-mode=Node,RBAC --enable-admission-plugins=NodeRestriction --admission-control-config-file="$STATE/admission.yaml" \
    --audit-policy-file="$STATE/audit.yaml" --audit-log-path="$STATE/logs/audit.log" --audit-log-mode=blocking \
    --requestheader-client-ca-file="$pki/front-proxy-ca.crt" --requestheader-allowed-names=front-proxy-client \
    --requestheader-extra-headers-prefix=X-Remote-Extra- --requestheader-group-headers=X-Remote-Group \
    --requestheader-username-headers=X-Remote-User \
    --proxy-client-cert-file="$pki/front-proxy-client.crt" --proxy-client-key-file="$pki/front-proxy-client.key"
  await kube-apiserver 120 kube get --raw /readyz
}
start_controllers() {
  local pki=$STATE/pki config=$STATE/kube-controller-manager.kubeconfig
  start kube-controller-manager "$BIN/kube-controller-manager" --kubeconfig="$config" --authentication-kubeconfig="$config" \
    --authorization-kubeconfig="$config" --service-account-private-key-file="$pki/sa.key" --root-ca-file="$pki/ca.crt" \
    --cluster-signing-cert-file="$pki/ca.crt" --cluster-signing-key-file="$pki/ca.key" --use-service-account-credentials \
    --leader-elect=false --bind-address=127.0.0.1
  # Pods of a namespace are refused until it has its account.
  await kube-controller-manager 60 kube get serviceaccount default
}
start_control_plane() {
  write_policies
  start_etcd
  start_apiserver
  start_controllers
}
