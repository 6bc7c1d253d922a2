{{- /* Names and labels. Everything with a place outside the release's namespace carries that namespace in its name. */ -}}

{{- define "eddyline.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{- define "eddyline.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" }}
{{- else if contains (include "eddyline.name" .) .Release.Name }}
{{- .Release.Name | trunc 40 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "eddyline.name" .) | trunc 40 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- /* A namespace has no dot in its name, so no two releases can meet here. */ -}}
{{- define "eddyline.uniqueName" -}}
{{- printf "%s.%s" (include "eddyline.fullname" .) .Release.Namespace }}
{{- end }}

{{- define "eddyline.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "eddyline.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "eddyline.selectorLabels" -}}
app.kubernetes.io/name: {{ include "eddyline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{- define "eddyline.labels" -}}
{{- with .Values.commonLabels }}
{{- toYaml . }}
{{ end -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ include "eddyline.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: eddyline
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "eddyline.image" -}}
{{- with .Values.image.registry }}{{ . }}/{{ end }}{{ .Values.image.repository }}
{{- if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{- /* Where the self-test makes its objects: the release's namespace, if this operator looks there. */ -}}
{{- define "eddyline.selftestNamespace" -}}
{{- if .Values.selftest.namespace }}
{{- .Values.selftest.namespace }}
{{- else if or (empty .Values.watchNamespaces) (has .Release.Namespace .Values.watchNamespaces) }}
{{- .Release.Namespace }}
{{- else }}
{{- first .Values.watchNamespaces }}
{{- end }}
{{- end }}
