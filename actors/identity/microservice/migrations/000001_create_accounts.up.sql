-- Read by PostgreSQL and SQLite alike. Columns are named like the JSON members of accounts::row.
CREATE TABLE accounts (
  "id" uuid PRIMARY KEY,
  "status" text NOT NULL,
  "reason" text NOT NULL,
  "changedBy" text NOT NULL,
  "changed" timestamptz NOT NULL
);
