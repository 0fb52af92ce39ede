#!/bin/bash
# Runs once, when the Postgres container initializes its volume: one role for Pinflow, one for Temporal. Both make their
# own databases and neither is a superuser. The passwords go through psql variables, which quote them.
set -euo pipefail

psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --set pinflow_password="$PINFLOW_DB_PASSWORD" --set temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE pinflow LOGIN CREATEDB PASSWORD :'pinflow_password';
CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'temporal_password';
SQL
