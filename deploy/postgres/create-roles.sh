#!/bin/bash
# Runs once, when the Postgres container initializes its volume: a role that owns for Pinflow and one for Temporal, which make
# their own databases and are no superusers, and one that only reads, for Grafana and people; Pinflow's set-up gives it its
# rights. The passwords go through psql variables, which quote them.
set -euo pipefail

psql --no-psqlrc --set ON_ERROR_STOP=1 --username postgres --dbname postgres \
  --set pinflow_password="$PINFLOW_DB_PASSWORD" --set reader_password="$PINFLOW_READER_PASSWORD" \
  --set temporal_password="$TEMPORAL_DB_PASSWORD" <<'SQL'
CREATE ROLE pinflow LOGIN CREATEDB PASSWORD :'pinflow_password';
CREATE ROLE pinflow_reader LOGIN PASSWORD :'reader_password';
ALTER ROLE pinflow_reader SET default_transaction_read_only = on;
CREATE ROLE temporal LOGIN CREATEDB PASSWORD :'temporal_password';
SQL
