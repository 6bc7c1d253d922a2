# Certificates and kubeconfigs, one per component. Sourced by up.
authority() { # file subject
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -keyout "$1.key" -out "$1.crt" -subj "/CN=$2" 2>/dev/null
}
certificate() { # file subject authority [alternative names]
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -out "$1.csr" -subj "$2" 2>/dev/null
  openssl x509 -req -in "$1.csr" -CA "$3.crt" -CAkey "$3.key" -CAcreateserial -days 3650 -out "$1.crt" \
    -extfile <(printf 'keyUsage=digitalSignature,keyEncipherment\nextendedKeyUsage=clientAuth,serverAuth\n%s' "${4:+subjectAltName=$4}") 2>/dev/null
}
kubeconfig() { # user
  cat > "$STATE/$1.kubeconfig" <<K
apiVersion: v1
kind: Config
clusters: [{name: $NAME, cluster: {server: "https://$NODE_IP:6443", certificate-authority: "$STATE/pki/ca.crt"}}]
users: [{name: $1, user: {client-certificate: "$STATE/pki/$1.crt", client-key: "$STATE/pki/$1.key"}}]
contexts: [{name: $NAME, context: {cluster: $NAME, user: $1}}]
current-context: $NAME
K
}
make_pki() {
  local service=kubernetes.default user
  cd "$STATE/pki"
  authority ca kubernetes
  authority front-proxy-ca front-proxy
  openssl genrsa -out sa.key 2048 2>/dev/null
  openssl rsa -in sa.key -pubout -out sa.pub 2>/dev/null
  certificate apiserver /CN=kube-apiserver ca \
    "DNS:kubernetes,DNS:$service,DNS:$service.svc,DNS:$service.svc.cluster.local,DNS:localhost,IP:127.0.0.1,IP:$NODE_IP,IP:$API_IP"
  certificate kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client ca
  certificate front-proxy-client /CN=front-proxy-client front-proxy-ca
  certificate admin /O=system:masters/CN=admin ca
  certificate kube-controller-manager /CN=system:kube-controller-manager ca
  certificate kube-scheduler /CN=system:kube-scheduler ca
  certificate kube-proxy /CN=system:kube-proxy ca
  certificate coredns /O=system:masters/CN=coredns ca
  certificate node /O=system:nodes/CN=system:node:node-1 ca "DNS:node-1,IP:$NODE_IP"
  for user in admin kube-controller-manager kube-scheduler kube-proxy coredns node; do kubeconfig $user; done
  cd - >/dev/null
}
