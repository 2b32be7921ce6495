#!/bin/sh
# What one writes who has no janitor: shell-loop.sh URL MAX_AGE_SECONDS deletes every group whose last push is older.
# It is what the benchmark compares `once` with, and no advice: it looks once, knows successful pushes only, and folds `..`.
set -eu
url=$1
oldest=$(($(date +%s) - $2))

curl --silent --fail "$url/api/v1/metrics" |
  jq --raw-output --argjson oldest "$oldest" '
    .data[]
    | select((.push_time_seconds.metrics[0].value | tonumber) < $oldest)
    | .labels
    | "job/\(.job | @uri)" + (del(.job) | to_entries | map("/\(.key)/\(.value | @uri)") | join(""))' |
  while read -r group; do
    curl --silent --fail --output /dev/null --request DELETE "$url/metrics/$group"
  done
