-- Read by PostgreSQL and SQLite alike. Columns are named like the JSON members of users_view::row.
CREATE TABLE users (
  "id" uuid PRIMARY KEY,
  "auth0Id" text NOT NULL,
  "email" text NOT NULL,
  "emailVerified" boolean NOT NULL,
  "firstName" text NOT NULL,
  "lastName" text NOT NULL,
  "picture" text NOT NULL,
  "locale" text NOT NULL,
  "status" text NOT NULL,
  "created" timestamptz NOT NULL,
  "updated" timestamptz NOT NULL
);
CREATE UNIQUE INDEX users_auth0_id ON users ("auth0Id");
