{{- /* What the operator may do in a namespace it works in: no wildcard, no Secret, no exec, no Role. */ -}}
{{- define "eddyline.rules" -}}
- apiGroups: [eddyline.dev]
  resources: [clusters, connectors]
  verbs: [get, list, watch]
# patch: its finalizer on a Topic, and only that.
- apiGroups: [eddyline.dev]
  resources: [topics]
  verbs: [get, list, watch, patch]
- apiGroups: [eddyline.dev]
  resources: [clusters/status, connectors/status, topics/status]
  verbs: [patch]
# An owner reference that blocks the owner's deletion asks for this.
- apiGroups: [eddyline.dev]
  resources: [clusters/finalizers, connectors/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [statefulsets]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [""]
  resources: [configmaps, services]
  verbs: [get, list, watch, create, patch, delete]
# patch: a volume that has to grow.
- apiGroups: [""]
  resources: [persistentvolumeclaims]
  verbs: [get, list, watch, patch]
# delete: a pod that hangs at an old revision.
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch, delete]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end }}
