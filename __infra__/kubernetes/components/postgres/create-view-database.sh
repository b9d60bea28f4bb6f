#!/bin/bash
# Runs once, when the server's volume is new. The image itself makes the microservice's database; this makes the view
# database and its owner.
set -euo pipefail
psql -v ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
  -v name="$VIEW_DB_IDENTITY_DATABASE_NAME" -v owner="$VIEW_DB_IDENTITY_USERNAME" -v password="$VIEW_DB_IDENTITY_PASSWORD" <<'SQL'
CREATE ROLE :"owner" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"owner";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
