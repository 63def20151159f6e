-- What the readings mean: policies as documents, verdicts, alerts, compensation, evidence, webhooks.
-- docs/database.md names for each table the one folder that writes it.


-- Documents that decide (written by gateway) -------------------------------------------------------

-- A policy is a TOML file; what it says is kept as it was read, and as it was written. Version 1,
-- of the first migration, has plain limits only. lower_c and upper_c stay what a chart shows.
ALTER TABLE policies
    ADD COLUMN product_class text,          -- NULL: for all goods of the zone
    ADD COLUMN document      jsonb,         -- gateway.rules.policy
    ADD COLUMN toml          text,
    ADD COLUMN sha256        bytea,         -- of the document, canonical
    ADD COLUMN loaded_at     timestamptz;

-- Compensation rules and alerting plans, in the same way. The newest version holds.
CREATE TABLE rulebooks (
    kind        text NOT NULL CHECK (kind IN ('compensation', 'alerting')),
    rulebook_id text NOT NULL,
    version     integer NOT NULL,
    document    jsonb NOT NULL,
    toml        text NOT NULL,
    -- For members, made from the document: {"en": {"text": Markdown, "clauses": {"1.1": …}}, "zh": …}.
    texts       jsonb,
    sha256      bytea NOT NULL,
    loaded_at   timestamptz NOT NULL,
    PRIMARY KEY (kind, rulebook_id, version)
);


-- What is said of orders (written by api) ----------------------------------------------------------

-- Amounts are in the currency's smallest unit: fen.
ALTER TABLE orders
    ADD COLUMN currency     text NOT NULL DEFAULT 'CNY' CHECK (currency ~ '^[A-Z]{3}$'),
    ADD COLUMN delivery_fee bigint NOT NULL DEFAULT 0 CHECK (delivery_fee >= 0);
ALTER TABLE consignments
    ADD COLUMN product_class text,
    ADD COLUMN goods_value   bigint CHECK (goods_value >= 0);  -- NULL: not known
ALTER TABLE loggers
    ADD COLUMN calibration_due_at timestamptz;

-- How a box was packed: what the forecast of its temperature starts from. NULL: not known.
CREATE TABLE packings (
    consignment_id text PRIMARY KEY REFERENCES consignments,
    packed_at      timestamptz NOT NULL,
    box_serial     text,
    box_material   text CHECK (box_material IN ('eps', 'epp', 'pu', 'vip')),
    wall_w_per_k   real CHECK (wall_w_per_k > 0),
    pack_kind      text CHECK (pack_kind IN ('none', 'ice', 'brine', 'paraffin_15', 'dry_ice')),
    pack_kg        real CHECK (pack_kg >= 0),
    product_kg     real CHECK (product_kg >= 0)
);

-- The steps by which goods change hands; only added to.
CREATE TABLE handovers (
    handover_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id       text NOT NULL REFERENCES orders,
    consignment_id text REFERENCES consignments,   -- NULL: the whole order
    step           text NOT NULL CHECK (step IN ('packed', 'loaded', 'departed', 'arrived', 'opened',
                                                 'checked', 'signed', 'refused', 'returned')),
    at             timestamptz NOT NULL,
    place_id       text REFERENCES places,
    person         text NOT NULL,
    temperature_c  real,                            -- as measured by hand, at 'checked'
    comment        text,
    recorded_at    timestamptz NOT NULL
);
CREATE INDEX handovers_of_order ON handovers (order_id, at);

-- When an order is thought to arrive, each time somebody says so; the newest holds.
CREATE TABLE arrival_estimates (
    order_id     text NOT NULL REFERENCES orders,
    estimated_at timestamptz NOT NULL,
    arrives_at   timestamptz NOT NULL,
    by           text NOT NULL,
    PRIMARY KEY (order_id, estimated_at)
);

CREATE TABLE complaints (
    complaint_id text PRIMARY KEY,
    order_id     text NOT NULL REFERENCES orders,
    severity     text NOT NULL CHECK (severity IN ('minor', 'serious')),
    about        text NOT NULL DEFAULT 'other' CHECK (about IN ('spoiled', 'late', 'other')),
    consignment_id text REFERENCES consignments,    -- NULL: the whole order
    at           timestamptz NOT NULL,
    amount       bigint CHECK (amount >= 0),        -- what the member asks for
    comment      text NOT NULL,
    by           text NOT NULL,
    answered_at  timestamptz,
    answer       text
);
CREATE INDEX complaints_of_order ON complaints (order_id);

-- A supplier's batch at the door, with the logger that came with it.
CREATE TABLE intakes (
    intake_id      text PRIMARY KEY,
    supplier       text NOT NULL,
    batch          text NOT NULL,
    logger_id      text NOT NULL REFERENCES loggers,
    policy_id      text NOT NULL,
    policy_version integer NOT NULL,
    from_at        timestamptz NOT NULL,
    until_at       timestamptz NOT NULL,
    requested_at   timestamptz NOT NULL,
    requested_by   text NOT NULL,
    FOREIGN KEY (policy_id, policy_version) REFERENCES policies,
    CHECK (from_at < until_at)
);

-- Planned work on a place or a logger: its readings are not judged, its alerts are not raised.
CREATE TABLE maintenance (
    maintenance_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    place_id       text REFERENCES places,
    logger_id      text REFERENCES loggers,
    during         tstzrange NOT NULL CHECK (NOT isempty(during) AND NOT lower_inf(during)),
    why            text NOT NULL,
    planned_by     text NOT NULL,
    planned_at     timestamptz NOT NULL,
    CHECK (num_nonnulls(place_id, logger_id) = 1)
);

-- An operator's word that an open excursion is over (its logger died, say).
CREATE TABLE excursion_closings (
    excursion_id bigint PRIMARY KEY,
    at           timestamptz NOT NULL,
    by           text NOT NULL,
    comment      text NOT NULL
);

-- A person's word on a compensation; the judge makes a correction of it.
CREATE TABLE trigger_reviews (
    review_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    trigger_id bigint NOT NULL,
    at         timestamptz NOT NULL,
    by         text NOT NULL,
    decision   text NOT NULL CHECK (decision IN ('approve', 'reject', 'amount')),
    amount     bigint CHECK (amount >= 0),
    comment    text NOT NULL,
    CHECK ((decision = 'amount') = (amount IS NOT NULL))
);
CREATE INDEX trigger_reviews_of_trigger ON trigger_reviews (trigger_id);

-- From a logger's readings to what they concern: the boxes beside a place's logger, the intakes.
CREATE INDEX stays_at_place ON stays USING gist (place_id, during);
CREATE INDEX intakes_of_logger ON intakes (logger_id);

-- Intakes are marked like the others.
ALTER TABLE touched
    ADD COLUMN intake_id text,
    DROP CONSTRAINT touched_check,
    ADD CONSTRAINT touched_is_one_thing
        CHECK (num_nonnulls(logger_key, order_id, place_id, intake_id) = 1);


-- What is judged (written by gateway) --------------------------------------------------------------
-- A subject is an order (with all its consignments), a place, a logger or an intake.

-- When each subject is to be looked at next, touched or not; and what the judge carries for it.
CREATE TABLE looks (
    subject_kind text NOT NULL CHECK (subject_kind IN ('order', 'place', 'logger', 'intake')),
    subject_id   text NOT NULL,
    looked_at    timestamptz NOT NULL,
    next_look_at timestamptz,               -- NULL: only when touched
    carried      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (subject_kind, subject_id)
);
CREATE INDEX looks_due ON looks (next_look_at) WHERE next_look_at IS NOT NULL;

CREATE TABLE evidence (
    evidence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    sha256      bytea NOT NULL UNIQUE,
    order_id    text,
    bundle      bytea NOT NULL,             -- canonical JSON, zlib
    made_at     timestamptz NOT NULL
);
CREATE INDEX evidence_of_order ON evidence (order_id);

-- Merkle roots over bundles, chained; one sealer appends.
CREATE TABLE seals (
    seal_number integer PRIMARY KEY,
    sealed_at   timestamptz NOT NULL,
    leaves      integer NOT NULL,
    merkle_root bytea NOT NULL,
    previous    bytea NOT NULL,             -- the sha256 of the seal before; zeros for the first
    sha256      bytea NOT NULL
);
CREATE TABLE sealed_evidence (
    evidence_id bigint PRIMARY KEY REFERENCES evidence,
    seal_number integer NOT NULL REFERENCES seals,
    position    integer NOT NULL,
    UNIQUE (seal_number, position)
);

-- What was found of a consignment, a day of a place ("van-1/2026-11-22") or an intake. A change of
-- verdict is a new revision, never an overwrite.
CREATE TABLE verdicts (
    verdict_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject_kind    text NOT NULL CHECK (subject_kind IN ('consignment', 'watch', 'intake')),
    subject_id      text NOT NULL,
    revision        integer NOT NULL,
    order_id        text,
    place_id        text,
    judged_at       timestamptz NOT NULL,
    as_of           timestamptz NOT NULL,   -- judged with what had been measured until then
    found_late      boolean NOT NULL,
    is_final        boolean NOT NULL,       -- the consignment is closed, the watch is over
    outcome         text NOT NULL CHECK (outcome IN ('in_range', 'excursion', 'unknown')),
    policy_id       text NOT NULL,
    policy_version  integer NOT NULL,
    policy_sha256   bytea NOT NULL,
    readings        integer NOT NULL,
    readings_sha256 bytea NOT NULL,
    summary         jsonb NOT NULL,         -- extremes, MKT, budgets, shelf life, gaps
    UNIQUE (subject_kind, subject_id, revision)
);
CREATE INDEX verdicts_of_order ON verdicts (order_id);
CREATE INDEX verdicts_of_place ON verdicts (place_id);

CREATE SEQUENCE excursion_ids;
CREATE TABLE excursions (
    excursion_id   bigint NOT NULL,
    revision       integer NOT NULL,
    verdict_id     bigint NOT NULL REFERENCES verdicts,
    subject_kind   text NOT NULL,
    subject_id     text NOT NULL,
    order_id       text,
    place_id       text,
    limit_name     text NOT NULL,
    side           text NOT NULL CHECK (side IN ('upper', 'lower')),
    severity       text NOT NULL CHECK (severity IN ('notice', 'warning', 'critical')),
    source         text NOT NULL CHECK (source IN ('box', 'place')),
    state          text NOT NULL CHECK (state IN ('open', 'closed', 'lost', 'closed_by_operator',
                                                  'withdrawn')),
    from_at        timestamptz NOT NULL,
    until_at       timestamptz,
    extreme_c      real NOT NULL,
    degree_minutes real NOT NULL,
    duration_s     integer NOT NULL,
    found_at       timestamptz NOT NULL,
    found_late     boolean NOT NULL,
    PRIMARY KEY (excursion_id, revision)
);
CREATE INDEX excursions_of_subject ON excursions (subject_kind, subject_id);
CREATE INDEX excursions_of_order ON excursions (order_id);
CREATE INDEX excursions_of_place ON excursions (place_id) WHERE place_id IS NOT NULL;

-- How long each box will hold, as last forecast. NULL: not within the forecast's horizon.
CREATE TABLE forecasts (
    consignment_id       text PRIMARY KEY,
    order_id             text NOT NULL,
    made_at              timestamptz NOT NULL,
    leaves_in_s_q10      real,
    leaves_in_s_q50      real,
    leaves_in_s_q90      real,
    chance_within_40_min real NOT NULL,
    side                 text CHECK (side IN ('upper', 'lower')),
    at_risk              boolean NOT NULL,
    spoil_cost           bigint             -- what its loss would cost, smallest currency unit
);

CREATE TABLE intake_decisions (
    intake_id   text NOT NULL REFERENCES intakes,
    revision    integer NOT NULL,
    decided_at  timestamptz NOT NULL,
    accepted    boolean NOT NULL,
    reason_code text NOT NULL,
    reason      text NOT NULL,
    verdict_id  bigint REFERENCES verdicts,
    PRIMARY KEY (intake_id, revision)
);

-- Why somebody has to act. One that is not resolved for one cause.
CREATE TABLE alerts (
    alert_id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    cause           text NOT NULL,          -- 'excursion:order-1.chilled:too-warm', 'silent:C4:…'
    kind            text NOT NULL,
    severity        text NOT NULL CHECK (severity IN ('notice', 'warning', 'critical')),
    order_id        text,
    consignment_id  text,
    place_id        text,
    logger_id       text,
    facts           jsonb NOT NULL DEFAULT '{}',
    level           integer NOT NULL CHECK (level BETWEEN 1 AND 3),
    raised_at       timestamptz NOT NULL,
    escalates_at    timestamptz,
    acknowledged_at timestamptz,
    ceased_at       timestamptz,            -- the cause has gone; resolved once it stays away
    resolved_at     timestamptz
);
CREATE UNIQUE INDEX alerts_one_for_a_cause ON alerts (cause) WHERE resolved_at IS NULL;
CREATE INDEX alerts_of_order ON alerts (order_id);
CREATE INDEX alerts_of_place ON alerts (place_id) WHERE place_id IS NOT NULL;
CREATE INDEX alerts_open ON alerts (alert_id) WHERE resolved_at IS NULL;  -- what a desk looks at
CREATE INDEX alerts_to_escalate ON alerts (escalates_at) WHERE resolved_at IS NULL;

-- Who did what, when. People's words come by the api, and the judge acts on them.
CREATE TABLE alert_log (
    entry_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    alert_id bigint NOT NULL REFERENCES alerts,
    at       timestamptz NOT NULL,
    what     text NOT NULL CHECK (what IN ('raised', 'notified', 'held', 'acknowledged', 'commented',
                                           'escalated', 'ceased', 'returned', 'resolved')),
    level    integer,
    by       text NOT NULL,
    comment  text
);
CREATE INDEX alert_log_of_alert ON alert_log (alert_id, entry_id);

-- One trigger a cause; what was decided of it is a ledger that only grows. The deltas' sum is what
-- the member gets.
CREATE TABLE triggers (
    trigger_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id       text NOT NULL,
    consignment_id text,
    cause          text NOT NULL,
    triggered_at   timestamptz NOT NULL,
    UNIQUE (order_id, cause)
);
CREATE TABLE trigger_decisions (
    trigger_id       bigint NOT NULL REFERENCES triggers,
    revision         integer NOT NULL,
    decided_at       timestamptz NOT NULL,
    decided_by       text NOT NULL,         -- 'rules', or who reviewed
    outcome          text NOT NULL CHECK (outcome IN ('approved', 'already_compensated', 'over_limit',
                                                      'could_not_determine', 'blocked', 'withdrawn')),
    amount           bigint NOT NULL CHECK (amount >= 0),
    delta            bigint NOT NULL,
    currency         text NOT NULL,
    rulebook_id      text NOT NULL,
    rulebook_version integer NOT NULL,
    clause           text NOT NULL,
    reason           text NOT NULL,
    needs_review     boolean NOT NULL,
    found_late       boolean NOT NULL,
    evidence_id      bigint NOT NULL REFERENCES evidence,
    PRIMARY KEY (trigger_id, revision)
);
-- Like cases: earlier decisions under the same rule.
CREATE INDEX trigger_decisions_by_clause ON trigger_decisions (rulebook_id, clause, decided_at);
-- What waits for a person.
CREATE INDEX trigger_decisions_to_review ON trigger_decisions (trigger_id) WHERE needs_review;


-- Telling the outside (endpoints are written by api, the rest by gateway) --------------------------

CREATE TABLE webhook_endpoints (
    endpoint_id text PRIMARY KEY,
    url         text NOT NULL,
    event_types text[] NOT NULL,            -- 'frostline.excursion.*' too; empty: all
    description text,
    secrets     text[] NOT NULL CHECK (cardinality(secrets) BETWEEN 1 AND 2),  -- newest first
    old_secret_until timestamptz,           -- the second one signs until then
    enabled     boolean NOT NULL DEFAULT true,
    created_at  timestamptz NOT NULL,
    deleted_at  timestamptz
);

-- How far the events of each endpoint have become deliveries.
CREATE TABLE webhook_positions (
    endpoint_id   text PRIMARY KEY REFERENCES webhook_endpoints,
    xid           xid8 NOT NULL,
    event_id      bigint NOT NULL,
    next_sequence bigint NOT NULL DEFAULT 1,
    disabled_at   timestamptz,              -- the receiver answered 410
    disabled_why  text
);

CREATE TABLE webhook_deliveries (
    delivery_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    endpoint_id     text NOT NULL REFERENCES webhook_endpoints,
    message_id      text NOT NULL,          -- the receiver's id: the same at each attempt
    type            text NOT NULL,
    order_id        text,
    sequence        bigint NOT NULL,
    body            text NOT NULL,
    created_at      timestamptz NOT NULL,
    attempts        integer NOT NULL DEFAULT 0,
    failing_since   timestamptz,            -- its first attempt, where that failed
    next_attempt_at timestamptz,            -- NULL: delivered, or given up
    delivered_at    timestamptz,
    given_up_at     timestamptz,
    UNIQUE (endpoint_id, sequence),
    UNIQUE (endpoint_id, message_id)
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, next_attempt_at, sequence)
    WHERE next_attempt_at IS NOT NULL;
-- What an order's later deliveries wait for.
CREATE INDEX webhook_deliveries_before ON webhook_deliveries (endpoint_id, order_id, sequence)
    WHERE next_attempt_at IS NOT NULL;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (created_at);  -- old ones are deleted
-- For the log: what was told of an order; what waits or was given up.
CREATE INDEX webhook_deliveries_of_order ON webhook_deliveries (order_id, delivery_id);
CREATE INDEX webhook_deliveries_undelivered ON webhook_deliveries (delivery_id)
    WHERE delivered_at IS NULL;

CREATE TABLE webhook_attempts (
    delivery_id bigint NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    attempt     integer NOT NULL,
    at          timestamptz NOT NULL,
    took_ms     integer NOT NULL,
    status      integer,                    -- NULL: no answer
    error       text,
    requested_by text,                      -- who asked for it, where it was a person
    PRIMARY KEY (delivery_id, attempt)
);

-- A person's wish that a delivery be sent again; the notifier takes the row away.
CREATE TABLE webhook_replays (
    replay_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    delivery_id  bigint NOT NULL REFERENCES webhook_deliveries ON DELETE CASCADE,
    requested_at timestamptz NOT NULL,
    requested_by text NOT NULL
);
