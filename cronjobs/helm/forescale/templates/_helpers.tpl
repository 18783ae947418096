{{- /* SPDX-License-Identifier: GPL-3.0-or-later */ -}}

{{- define "forescale.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "forescale.account" -}}
{{- .Values.serviceAccount.name | default (ternary (include "forescale.name" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "forescale.labels" -}}
app.kubernetes.io/name: forescale
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end -}}

{{- define "forescale.image" -}}
{{ .Values.image.repository }}{{ if .Values.image.digest }}@{{ .Values.image.digest }}{{ else }}:{{ .Values.image.tag | default .Chart.AppVersion }}{{ end }}
{{- end -}}

{{- /* The names of the runs' leases, as JSON. */ -}}
{{- define "forescale.leases" -}}
{{- $names := list -}}
{{- range $i := until (int .Values.shards) -}}
{{- $names = append $names (printf "forescale-%d" $i) -}}
{{- end -}}
{{- toJson (ternary (list "forescale") $names (eq (int .Values.shards) 1)) -}}
{{- end -}}

{{- /* A pod of one command. dict: root, args, resources, store (bool) */ -}}
{{- define "forescale.pod" -}}
{{- $values := .root.Values -}}
metadata:
  labels:
    app.kubernetes.io/name: forescale
    {{- with $values.podLabels }}{{ toYaml . | nindent 4 }}{{ end }}
  {{- with $values.podAnnotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  serviceAccountName: {{ include "forescale.account" .root }}
  restartPolicy: Never
  securityContext:
    runAsNonRoot: true
    runAsUser: 65532
    runAsGroup: 65532
    {{- if .store }}
    fsGroup: 65532
    {{- end }}
    seccompProfile: {type: RuntimeDefault}
  {{- range $key := list "imagePullSecrets" "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
  {{- with index $values $key }}
  {{ $key }}: {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- end }}
  containers:
    - name: forescale
      image: {{ include "forescale.image" .root }}
      {{- if ne $values.image.pullPolicy "IfNotPresent" }}
      imagePullPolicy: {{ $values.image.pullPolicy }}
      {{- end }}
      args: {{ toJson (concat .args (list "--config" "/etc/forescale/config.yaml" "--log-format" "json")) }}
      {{- with $values.env }}
      env: {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        allowPrivilegeEscalation: false
        readOnlyRootFilesystem: true
        capabilities: {drop: [ALL]}
      resources: {{- toYaml .resources | nindent 8 }}
      volumeMounts:
        - {name: config, mountPath: /etc/forescale, readOnly: true}
        {{- if .store }}
        - {name: store, mountPath: /var/lib/forescale}
        {{- end }}
        - {name: tmp, mountPath: /tmp}
        {{- with $values.extraVolumeMounts }}{{ toYaml . | nindent 8 }}{{ end }}
  volumes:
    - {name: config, configMap: {name: {{ include "forescale.name" .root }}}}
    {{- if .store }}
    - {name: store, persistentVolumeClaim: {claimName: {{ $values.persistence.existingClaim | default (include "forescale.name" .root) }}}}
    {{- end }}
    - {name: tmp, emptyDir: {sizeLimit: {{ ternary "64Mi" "16Mi" .store }}}}
    {{- with $values.extraVolumes }}{{ toYaml . | nindent 4 }}{{ end }}
{{- end -}}

{{- /* A CronJob of that pod. dict: as above, and name, schedule, history, shards */ -}}
{{- define "forescale.cronjob" -}}
apiVersion: batch/v1
kind: CronJob
metadata:
  name: {{ .name }}
  namespace: {{ .root.Release.Namespace }}
  labels: {{- include "forescale.labels" .root | nindent 4 }}
spec:
  schedule: {{ .schedule | quote }}
  timeZone: {{ .root.Values.timeZone }}
  {{- if .suspend }}
  suspend: true
  {{- end }}
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 30
  successfulJobsHistoryLimit: {{ .history }}
  failedJobsHistoryLimit: 3
  jobTemplate:
    metadata:
      labels: {app.kubernetes.io/name: forescale}
    spec:
      {{- if gt (int .shards) 1 }}
      completionMode: Indexed
      completions: {{ .shards }}
      parallelism: {{ .shards }}
      {{- end }}
      activeDeadlineSeconds: {{ .root.Values.activeDeadlineSeconds }}
      backoffLimit: 1
      ttlSecondsAfterFinished: 3600
      podFailurePolicy:
        rules:
          - action: Ignore
            onPodConditions: [{type: DisruptionTarget, status: "True"}]
          - action: FailJob
            onExitCodes: {containerName: forescale, operator: In, values: [2, 75]}
      template: {{- include "forescale.pod" . | nindent 8 }}
{{- end -}}
