{{- /* What the pods of operator, uninstall hook and self-test have in common. */ -}}

{{- define "eddyline.scheduling" -}}
enableServiceLinks: false
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.podSecurityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "eddyline.container" -}}
image: {{ include "eddyline.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- with .Values.securityContext }}
securityContext:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- /* The environment of `eddyline operator` and of `eddyline operator release`. */ -}}
{{- define "eddyline.env" -}}
- name: EDDYLINE_LEASE_NAMESPACE
  valueFrom:
    fieldRef:
      fieldPath: metadata.namespace
- name: EDDYLINE_LEASE_NAME
  value: {{ include "eddyline.fullname" . }}
{{- with .Values.watchNamespaces }}
- name: EDDYLINE_NAMESPACES
  value: {{ join "," . }}
{{- end }}
{{- include "eddyline.logging" . }}
{{- end }}

{{- define "eddyline.logging" }}
- name: EDDYLINE_LOG_FORMAT
  value: {{ .Values.logFormat }}
- name: EDDYLINE_VERBOSE
  value: {{ get (dict "warn" "0" "info" "1" "debug" "2" "trace" "3") .Values.logLevel | quote }}
{{- end }}
