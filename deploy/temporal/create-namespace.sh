#!/bin/sh
# Creates the namespace and its search attributes (those of domain/names.ts); finds what is there and may run again.
# The address and the namespace come as TEMPORAL_ADDRESS and TEMPORAL_NAMESPACE, which the CLI reads itself.
set -eu

# A finished run stays visible for 30 days.
retention=720h

temporal operator cluster health
if temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1; then
  temporal operator namespace update --namespace "$TEMPORAL_NAMESPACE" --retention "$retention"
else
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$retention"
fi

# A new namespace takes a moment to be known everywhere.
attempt=0
until existing=$(temporal operator search-attribute list); do
  attempt=$((attempt + 1))
  if [ "$attempt" -ge 30 ]; then
    echo "Namespace $TEMPORAL_NAMESPACE was created, but its search attributes cannot be listed after 30 attempts." >&2
    exit 1
  fi
  sleep 1
done

attribute() {
  case "$existing" in
    *"$1"*) ;;
    *) temporal operator search-attribute create --name "$1" --type "$2" ;;
  esac
}

attribute PinInterval Keyword
attribute PinState Keyword
attribute PinRows Int
attribute PinLag Int
