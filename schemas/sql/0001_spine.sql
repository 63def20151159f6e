-- The spine: gateways and loggers, readings, what was touched, events, orders and what travels.
-- docs/database.md names for each table the one folder that writes it.
-- The migration runner has created the timescaledb extension where the server has it.

CREATE EXTENSION IF NOT EXISTS btree_gist;  -- bindings_do_not_overlap compares ids and ranges


-- Who measures and who hears (written by gateway) -------------------------------------------------

CREATE TABLE gateways (
    gateway_key   integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_id    text NOT NULL UNIQUE,
    first_seen_at timestamptz NOT NULL,
    status        jsonb,           -- its latest word (schemas.status)
    status_at     timestamptz
);

CREATE TABLE boots (
    boot_key      integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    gateway_key   integer NOT NULL REFERENCES gateways,
    boot_id       uuid NOT NULL,
    first_seen_at timestamptz NOT NULL,
    UNIQUE (gateway_key, boot_id)
);

-- Every logger ever heard, registered or not: an unknown one is unassigned, never refused.
CREATE TABLE heard_loggers (
    logger_key     integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    logger_id      text NOT NULL UNIQUE,
    frame_format   text NOT NULL,
    counter_wrap   integer NOT NULL DEFAULT 0,  -- schemas.reading.COUNTER_WRAP; 0: no counter
    first_heard_at timestamptz NOT NULL
);

-- One row a measurement and gateway. Widest first: no padding. No foreign keys: the ingestor
-- has just read or written the keys, and a check a row would halve its rate.
CREATE TABLE readings (
    measured_at   timestamptz NOT NULL,
    logger_key    integer NOT NULL,
    boot_key      integer NOT NULL,
    temperature_c real NOT NULL,
    humidity_pct  real,
    sequence      integer,   -- the logger's own counter, where it has one
    battery_mv    smallint,
    rssi_dbm      smallint,
    source        smallint NOT NULL,  -- schemas.reading.Source
    clock         smallint NOT NULL,  -- schemas.reading.ClockConfidence
    PRIMARY KEY (logger_key, measured_at)
);

DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        -- The primary key serves every query; a second index by time alone would cost a third.
        PERFORM create_hypertable('readings', by_range('measured_at', INTERVAL '1 day'),
                                  create_default_indexes => false);
    END IF;
END $$;

-- The newest reading of each logger. Updated in place: room on each page keeps updates local.
CREATE TABLE latest (
    logger_key    integer PRIMARY KEY,
    measured_at   timestamptz NOT NULL,
    stored_at     timestamptz NOT NULL,
    boot_key      integer NOT NULL,
    temperature_c real NOT NULL,
    humidity_pct  real,
    sequence      integer,
    battery_mv    smallint,
    rssi_dbm      smallint
) WITH (fillfactor = 50);

-- What could not be read, with its bytes and the reason; replayed by a person.
CREATE TABLE dead_letters (
    dead_letter_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    received_at    timestamptz NOT NULL,
    topic          text NOT NULL,
    gateway_id     text,
    batch_id       text,
    payload        bytea NOT NULL,
    reason         text NOT NULL,
    only_copy      boolean NOT NULL,  -- the edge has deleted it; these are given up last
    replayed_at    timestamptz
);


-- What changed (appended by many, docs/database.md) -----------------------------------------------

-- For the judge, which takes rows away. Appended, never updated: a mark that is upserted loses what
-- commits while the judge holds it.
CREATE TABLE touched (
    touched_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    logger_key integer,
    order_id   text,
    place_id   text,
    from_at    timestamptz NOT NULL,
    to_at      timestamptz NOT NULL,
    CHECK (num_nonnulls(logger_key, order_id, place_id) = 1)
);

-- For streams and webhooks. Ids are taken before transactions commit, so a reader orders by
-- (xid, event_id) and takes only rows below pg_snapshot_xmin(pg_current_snapshot()): nothing can
-- appear behind it any more.
CREATE TABLE events (
    event_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    xid         xid8 NOT NULL DEFAULT pg_current_xact_id(),
    at          timestamptz NOT NULL,
    type        text NOT NULL,
    order_id    text,
    logger_keys integer[],
    from_at     timestamptz,
    to_at       timestamptz,
    data        jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX events_in_commit_order ON events (xid, event_id);
CREATE INDEX events_by_age ON events (at);  -- old ones are deleted


-- Orders and what travels (written by api) --------------------------------------------------------

-- The limits of a zone are data. A consignment keeps the version it was opened under.
CREATE TABLE policies (
    policy_id text NOT NULL,
    version   integer NOT NULL,
    zone      text NOT NULL CHECK (zone IN ('frozen', 'chilled', 'ambient')),
    lower_c   real,
    upper_c   real,
    source    text NOT NULL,
    PRIMARY KEY (policy_id, version),
    CHECK (num_nonnulls(lower_c, upper_c) > 0 AND (lower_c < upper_c) IS NOT FALSE)
);
INSERT INTO policies (policy_id, version, zone, lower_c, upper_c, source) VALUES
    ('frozen', 1, 'frozen', NULL, -18, 'GB/T 24616-2019: frozen food at or below -18 °C'),
    ('chilled', 1, 'chilled', 0, 4, 'The grocer''s own promise; GB/T 24616-2019 allows up to 8 °C'),
    ('ambient', 1, 'ambient', 15, 18, 'The grocer''s own promise');

CREATE TABLE loggers (
    logger_id         text PRIMARY KEY,
    label             text,
    model             text,
    record_interval_s integer CHECK (record_interval_s >= 0),
    registered_at     timestamptz NOT NULL
);

CREATE TABLE orders (
    order_id     text PRIMARY KEY,
    member_id    text NOT NULL,
    member_level text NOT NULL,
    time_zone    text NOT NULL,
    placed_at    timestamptz NOT NULL,
    due_at       timestamptz
);

-- The journey so far: placed, packed, departed, arrived, delivered, cancelled.
CREATE TABLE milestones (
    order_id  text NOT NULL REFERENCES orders,
    milestone text NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (order_id, milestone)
);

CREATE TABLE consignments (
    consignment_id text PRIMARY KEY,
    order_id       text NOT NULL REFERENCES orders,
    zone           text NOT NULL,
    policy_id      text NOT NULL,
    policy_version integer NOT NULL,
    opened_at      timestamptz NOT NULL,
    closed_at      timestamptz,
    FOREIGN KEY (policy_id, policy_version) REFERENCES policies,
    CHECK (closed_at >= opened_at)
);
CREATE INDEX consignments_of_order ON consignments (order_id);

CREATE TABLE places (
    place_id text PRIMARY KEY,
    kind     text NOT NULL CHECK (kind IN ('cold_room', 'vehicle', 'locker')),
    name     text NOT NULL,
    zone     text NOT NULL CHECK (zone IN ('frozen', 'chilled', 'ambient'))
);

-- Which box or place a logger measures, and when.
CREATE TABLE bindings (
    binding_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    logger_id      text NOT NULL REFERENCES loggers,
    consignment_id text REFERENCES consignments,
    place_id       text REFERENCES places,
    during         tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during)),
    bound_by       text NOT NULL,
    closed_by      text,
    closed_why     text,
    CHECK (num_nonnulls(consignment_id, place_id) = 1),
    CONSTRAINT bindings_do_not_overlap EXCLUDE USING gist (logger_id WITH =, during WITH &&)
);
CREATE INDEX bindings_of_consignment ON bindings (consignment_id);
CREATE INDEX bindings_of_place ON bindings (place_id);

-- Where a consignment stood, and when; a place's logger fills what its own does not cover.
CREATE TABLE stays (
    stay_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    consignment_id text NOT NULL REFERENCES consignments,
    place_id       text NOT NULL REFERENCES places,
    during         tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during)),
    CONSTRAINT stays_do_not_overlap EXCLUDE USING gist (consignment_id WITH =, during WITH &&)
);

-- Only a hash of a token's secret is kept.
CREATE TABLE tokens (
    token_id      text PRIMARY KEY,
    name          text NOT NULL,
    scopes        text[] NOT NULL,
    secret_sha256 bytea NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz,
    revoked_at    timestamptz
);

-- The first answer to a key, given again to whoever repeats it with the same body.
CREATE TABLE idempotency_keys (
    token_id        text NOT NULL REFERENCES tokens,
    idempotency_key text NOT NULL,
    body_sha256     bytea NOT NULL,
    status          integer NOT NULL,
    body            jsonb NOT NULL,
    created_at      timestamptz NOT NULL,
    PRIMARY KEY (token_id, idempotency_key)
);
CREATE INDEX idempotency_keys_by_age ON idempotency_keys (created_at);  -- old ones are deleted
