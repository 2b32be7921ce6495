{{/* Of all objects, so that releases do not meet. Kubernetes adds up to 11 characters to those of Jobs. */}}
{{- define "name" -}}
{{ contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name) | replace "." "-" | trunc 52 | trimSuffix "-" }}
{{- end }}

{{- define "selector" -}}
{ app.kubernetes.io/name: {{ .Chart.Name }}, app.kubernetes.io/instance: {{ .Release.Name | quote }} }
{{- end }}

{{- define "metadata" -}}
name: {{ include "name" . }}
labels:
  app.kubernetes.io/name: {{ .Chart.Name }}
  app.kubernetes.io/instance: {{ .Release.Name | quote }}
  app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
  app.kubernetes.io/component: janitor
  app.kubernetes.io/part-of: pushgateway
  app.kubernetes.io/managed-by: {{ .Release.Service }}
  helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "container" -}}
name: janitor
image: {{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
args:
  - {{ eq .Values.mode "cronjob" | ternary "once" "run" }}
  - --config.file=/etc/pushgateway-janitor/janitor.yml
  - --log.format=json
  {{- if eq .Values.mode "cronjob" }}
  - --output=none # the log has a line per gateway and per deleted group
  - --metrics.push
  - --metrics.interval={{ .Values.interval }}
  {{- else }}
  {{- if eq .Values.mode "statefulset" }}
  - --shard=auto/{{ .Values.shards }}
  {{- end }}
  {{- with .Values.webConfigFile }}
  - --web.config.file={{ . }}
  {{- end }}
  {{- end }}
  {{- range .Values.extraArgs }}
  - {{ . | quote }}
  {{- end }}
{{- if or .Values.container.env (eq .Values.mode "statefulset") }}
env:
  {{- if eq .Values.mode "statefulset" }}
  # The index of --shard=auto.
  - { name: JOB_COMPLETION_INDEX, valueFrom: { fieldRef: { fieldPath: "metadata.labels['apps.kubernetes.io/pod-index']" } } }
  {{- end }}
  {{- with .Values.container.env }}{{ toYaml . | nindent 2 }}{{ end }}
{{- end }}
{{- if ne .Values.mode "cronjob" }}
ports:
  - { name: janitor, containerPort: 9717 }
# Its own state only: the janitor is healthy and ready even if a gateway is down.
{{- if .Values.webConfigFile }}
# The kubelet has no password and no client certificate.
livenessProbe:
  exec: { command: [/nodejs/bin/node, /app/dist/main.js, healthcheck] }
  periodSeconds: 30
  timeoutSeconds: 5
readinessProbe: { tcpSocket: { port: janitor } }
{{- else }}
livenessProbe: { httpGet: { path: /-/healthy, port: janitor }, timeoutSeconds: 5 }
readinessProbe: { httpGet: { path: /-/ready, port: janitor } }
{{- end }}
{{- end }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
volumeMounts:
  # The folder, not a file with subPath, which would never see a change of the ConfigMap.
  - { name: config, mountPath: /etc/pushgateway-janitor, readOnly: true }
  {{- if .Values.secretName }}
  - { name: secrets, mountPath: /etc/pushgateway-janitor-secrets, readOnly: true }
  {{- end }}
  {{- with .Values.config.archive }}
  - { name: archive, mountPath: {{ .dir }} }
  {{- end }}
{{- end }}

{{- define "pod" -}}
{{- if eq .Values.mode "cronjob" }}
restartPolicy: Never # podFailurePolicy requires it
{{- end }}
serviceAccountName: {{ include "name" . }}
automountServiceAccountToken: false
securityContext: # no fixed user: the image has one, and OpenShift gives one of the namespace's
  runAsNonRoot: true
  seccompProfile: { type: RuntimeDefault }
  {{- if not (.Capabilities.APIVersions.Has "security.openshift.io/v1") }}
  # Lets the user write to the archive; OpenShift has a group for that.
  fsGroup: 65532
  fsGroupChangePolicy: OnRootMismatch
  {{- end }}
containers:
  - {{- mergeOverwrite (include "container" . | fromYaml) (omit .Values.container "env") | toYaml | nindent 4 }}
volumes:
  - { name: config, configMap: { name: {{ include "name" . }} } }
  {{- with .Values.secretName }}
  - { name: secrets, secret: { secretName: {{ . }} } }
  {{- end }}
  {{- if and .Values.config.archive (ne .Values.mode "statefulset") }}
  - { name: archive, persistentVolumeClaim: { claimName: {{ include "name" . }} } }
  {{- end }}
{{- end }}

{{- define "template" -}}
metadata: { labels: {{ include "selector" . }} }
spec:
  {{- mergeOverwrite (include "pod" . | fromYaml) .Values.pod | toYaml | nindent 2 }}
{{- end }}

{{- define "claim" -}}
spec:
  accessModes: [ReadWriteOnce]
  {{- with .Values.archive.storageClassName }}
  storageClassName: {{ . }}
  {{- end }}
  resources: { requests: { storage: {{ .Values.archive.size }} } }
{{- end }}
