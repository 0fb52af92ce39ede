#!/bin/sh
# Creates or updates Temporal's two databases; finds what is there and may run again. Password: SQL_PASSWORD.
set -eu

schema() {
  database=$1
  versions=$2
  temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "$database" create
  temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "$database" setup-schema -v 0.0
  temporal-sql-tool --plugin postgres12 --ep postgres -p 5432 -u temporal --db "$database" update-schema -d "/etc/temporal/schema/postgresql/v12/$versions/versioned"
}

schema temporal temporal
schema temporal_visibility visibility
