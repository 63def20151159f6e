-- Live dispatch: cities, fleets, what is to be delivered, promises, the living plan, positions.
-- docs/database.md names for each table the one folder that writes it.


-- Where and by whom is delivered (written by api) --------------------------------------------------

-- A city has one living plan. Its policy says which tier a level gets in which area.
CREATE TABLE cities (
    city_id   text PRIMARY KEY,
    name      text NOT NULL,
    time_zone text NOT NULL,
    policy    jsonb NOT NULL,               -- schemas.delivery_policy
    loaded_at timestamptz NOT NULL
);

-- The user's own table: an order may name an address instead of coordinates.
CREATE TABLE addresses (
    city_id text NOT NULL REFERENCES cities,
    address text NOT NULL,                  -- folded: lower case, single blanks
    lat_deg double precision NOT NULL,
    lon_deg double precision NOT NULL,
    PRIMARY KEY (city_id, address)
);

CREATE TABLE depots (
    depot_id        text PRIMARY KEY,
    city_id         text NOT NULL REFERENCES cities,
    kind            text NOT NULL CHECK (kind IN ('front_warehouse', 'store', 'central', 'satellite')),
    name            text NOT NULL,
    lat_deg         double precision NOT NULL,
    lon_deg         double precision NOT NULL,
    picking_s       integer NOT NULL CHECK (picking_s >= 0),
    orders_per_hour integer[],              -- 24 of them, one a clock hour; NULL: no limit
    closed_at       timestamptz
);
CREATE INDEX depots_of_city ON depots (city_id);

-- What a depot still has of a zone's goods. Without a row: enough.
CREATE TABLE depot_stock (
    depot_id    text NOT NULL REFERENCES depots,
    zone        text NOT NULL CHECK (zone IN ('frozen', 'chilled', 'ambient')),
    available_g bigint NOT NULL CHECK (available_g >= 0),
    counted_at  timestamptz NOT NULL,
    PRIMARY KEY (depot_id, zone)
);

-- Chilled pick-up points; each order takes one of the compartments until it is collected.
CREATE TABLE lockers (
    locker_id    text PRIMARY KEY,
    city_id      text NOT NULL REFERENCES cities,
    name         text NOT NULL,
    lat_deg      double precision NOT NULL,
    lon_deg      double precision NOT NULL,
    compartments integer NOT NULL CHECK (compartments >= 0),
    place_id     text REFERENCES places,    -- whose logger watches it
    closed_at    timestamptz
);

CREATE TABLE vehicles (
    vehicle_id       text PRIMARY KEY,
    city_id          text NOT NULL REFERENCES cities,
    depot_id         text NOT NULL REFERENCES depots,
    kind             text NOT NULL CHECK (kind IN ('van', 'tricycle', 'courier', 'carrier')),
    role             text NOT NULL DEFAULT 'regular' CHECK (role IN ('regular', 'relay', 'reserve')),
    mode             text NOT NULL,         -- of travel: routing.travel
    frozen_g         integer NOT NULL DEFAULT 0 CHECK (frozen_g >= 0),
    chilled_g        integer NOT NULL DEFAULT 0 CHECK (chilled_g >= 0),
    ambient_g        integer NOT NULL DEFAULT 0 CHECK (ambient_g >= 0),
    range_m          integer CHECK (range_m > 0),
    max_trips        integer NOT NULL DEFAULT 1 CHECK (max_trips > 0),
    reload_s         integer NOT NULL DEFAULT 0 CHECK (reload_s >= 0),
    door_s           integer NOT NULL DEFAULT 0 CHECK (door_s >= 0),
    returns          boolean NOT NULL DEFAULT true,
    fixed_cost       bigint NOT NULL DEFAULT 0 CHECK (fixed_cost >= 0),
    cost_per_km      bigint NOT NULL DEFAULT 0 CHECK (cost_per_km >= 0),
    cost_per_h       bigint NOT NULL DEFAULT 0 CHECK (cost_per_h >= 0),
    cost_per_order   bigint NOT NULL DEFAULT 0 CHECK (cost_per_order >= 0),
    gateway_id       text,                  -- the edge that rides along
    frozen_place_id  text REFERENCES places,   -- the compartments, whose loggers watch them
    chilled_place_id text REFERENCES places,
    ambient_place_id text REFERENCES places,
    retired_at       timestamptz
);
CREATE INDEX vehicles_of_city ON vehicles (city_id);

-- When a vehicle is staffed, and by whom (two drivers at most).
CREATE TABLE shifts (
    shift_id    text PRIMARY KEY,
    vehicle_id  text NOT NULL REFERENCES vehicles,
    from_at     timestamptz NOT NULL,
    until_at    timestamptz NOT NULL,
    drivers     text[] NOT NULL CHECK (cardinality(drivers) BETWEEN 1 AND 2),
    breaks      jsonb NOT NULL DEFAULT '[]',   -- [{"earliest_at", "latest_at", "duration_s"}]
    cancelled_at timestamptz,
    CHECK (from_at < until_at)
);
CREATE INDEX shifts_of_vehicle ON shifts (vehicle_id, from_at);

-- An order that is to be delivered: where, how heavy, how soon. The dispatcher answers in promises.
CREATE TABLE deliveries (
    order_id     text PRIMARY KEY REFERENCES orders,
    city_id      text NOT NULL REFERENCES cities,
    lat_deg      double precision NOT NULL,
    lon_deg      double precision NOT NULL,
    address      text,
    area         text,                      -- of the policy, that the place lies in
    tier_h       integer NOT NULL,          -- what level and area give
    frozen_g     integer NOT NULL DEFAULT 0,
    chilled_g    integer NOT NULL DEFAULT 0,
    ambient_g    integer NOT NULL DEFAULT 0,
    service_s    integer NOT NULL DEFAULT 180,
    wish         text NOT NULL CHECK (wish IN ('fastest', 'window', 'locker')),
    window_from  timestamptz,
    window_until timestamptz,
    locker_id    text REFERENCES lockers,
    requested_at timestamptz NOT NULL,
    CHECK ((wish = 'window') = (window_from IS NOT NULL AND window_until IS NOT NULL)),
    CHECK ((wish = 'locker') <= (locker_id IS NOT NULL)),
    CHECK (window_from < window_until)
);
CREATE INDEX deliveries_of_city ON deliveries (city_id, requested_at);

-- A member's yes to one of the offers in promises.
CREATE TABLE offer_answers (
    order_id    text PRIMARY KEY REFERENCES orders,
    offer       integer,                    -- which of them, from 0; NULL: none
    answered_at timestamptz NOT NULL
);

-- What makes the world other than planned, until it is over.
CREATE TABLE disruptions (
    disruption_id text PRIMARY KEY,
    city_id       text NOT NULL REFERENCES cities,
    kind          text NOT NULL CHECK (kind IN ('weather', 'road_closed', 'breakdown', 'delay',
                                                'cooling_failed')),
    vehicle_id    text REFERENCES vehicles, -- of a breakdown, a delay, a failed compartment
    details       jsonb NOT NULL DEFAULT '{}', -- schemas.disruptions
    from_at       timestamptz NOT NULL,
    until_at      timestamptz,
    recorded_at   timestamptz NOT NULL,
    recorded_by   text NOT NULL,
    CHECK (from_at < until_at)
);
CREATE INDEX disruptions_of_city ON disruptions (city_id, from_at);

-- A dispatcher's word about the plan that he saw. The answer stands in command_outcomes.
CREATE TABLE dispatch_commands (
    command_id   text PRIMARY KEY,
    city_id      text NOT NULL REFERENCES cities,
    base_version integer NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('pin', 'move', 'hold', 'release', 'undo')),
    order_id     text REFERENCES orders,
    vehicle_id   text REFERENCES vehicles,
    hold_until   timestamptz,
    undo_version integer,
    comment      text,
    commanded_at timestamptz NOT NULL,
    commanded_by text NOT NULL
);
CREATE INDEX dispatch_commands_of_city ON dispatch_commands (city_id, commanded_at);

-- An estimate may say how sure it is: 80 % of such orders came between these.
ALTER TABLE arrival_estimates
    ADD COLUMN earliest_at timestamptz,
    ADD COLUMN latest_at   timestamptz;


-- Where edges are (written by gateway) -------------------------------------------------------------

CREATE TABLE positions (
    gateway_id text NOT NULL,
    at         timestamptz NOT NULL,        -- the receiver's own time
    lat_deg    double precision NOT NULL,
    lon_deg    double precision NOT NULL,
    speed_m_s  real,
    accuracy_m real,
    stored_at  timestamptz NOT NULL,
    PRIMARY KEY (gateway_id, at)
);
CREATE INDEX positions_by_age ON positions (stored_at);  -- old ones are deleted


-- The living plan (written by routing) -------------------------------------------------------------

-- A version is written once, by whoever is first: a dispatcher that was paused finds its number
-- taken, and has written nothing.
CREATE TABLE plans (
    city_id        text NOT NULL,
    version        integer NOT NULL,
    made_at        timestamptz NOT NULL,
    reason         text NOT NULL,           -- 'orders', 'at_risk', 'breakdown', 'command', 'progress', …
    why            jsonb NOT NULL DEFAULT '{}',
    engine         text NOT NULL,
    seed           bigint NOT NULL,
    iterations     bigint NOT NULL,
    problem_sha256 bytea NOT NULL,
    cost           jsonb NOT NULL,          -- routing.plan.Cost by part, smallest currency unit
    pins_cost      bigint NOT NULL DEFAULT 0, -- what the pins cost more than the plan without them
    took_ms        integer NOT NULL,
    PRIMARY KEY (city_id, version)
);

-- One row a stop, for as long as no version says otherwise.
CREATE TABLE plan_stops (
    stop_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city_id       text NOT NULL,
    vehicle_id    text NOT NULL,
    trip          integer NOT NULL,         -- of the vehicle's shift, from 1
    position      integer NOT NULL,         -- in the trip; 0 is the loading
    kind          text NOT NULL CHECK (kind IN ('load', 'meet', 'deliver', 'return')),
    order_id      text,
    depot_id      text,
    to_locker     boolean NOT NULL DEFAULT false,
    arrives_at    timestamptz NOT NULL,
    earliest_at   timestamptz NOT NULL,     -- 80 % of such stops are reached between these
    latest_at     timestamptz NOT NULL,
    leaves_at     timestamptz NOT NULL,
    locked        boolean NOT NULL,         -- driven to or being loaded: no plan changes it
    lat_deg       double precision,         -- of a meeting: other stops have theirs
    lon_deg       double precision,
    from_version  integer NOT NULL,
    to_version    integer,                  -- the version that ended it; NULL: it stands
    FOREIGN KEY (city_id, from_version) REFERENCES plans (city_id, version)
);
CREATE INDEX plan_stops_standing ON plan_stops (city_id, vehicle_id, trip, position)
    WHERE to_version IS NULL;
CREATE INDEX plan_stops_of_order ON plan_stops (order_id);
CREATE INDEX plan_stops_by_version ON plan_stops (city_id, from_version);
CREATE INDEX plan_stops_by_end ON plan_stops (city_id, to_version);  -- a plan as it was

-- Orders that stay behind, why, and what would serve them.
CREATE TABLE plan_unserved (
    city_id      text NOT NULL,
    order_id     text NOT NULL,
    from_version integer NOT NULL,
    to_version   integer,
    reason       text NOT NULL,             -- routing.plan.Reason
    sentence     text NOT NULL,
    remedy       text NOT NULL,
    PRIMARY KEY (city_id, order_id, from_version)
);

-- What a version changed for an order, and why.
CREATE TABLE plan_changes (
    city_id      text NOT NULL,
    version      integer NOT NULL,
    order_id     text NOT NULL,
    what         text NOT NULL CHECK (what IN ('planned', 'moved', 'resequenced', 'delayed', 'earlier',
                                               'dropped', 'done')),
    from_vehicle text,
    to_vehicle   text,
    from_at      timestamptz,
    to_at        timestamptz,
    why          text NOT NULL,
    PRIMARY KEY (city_id, version, order_id),
    FOREIGN KEY (city_id, version) REFERENCES plans
);
CREATE INDEX plan_changes_of_order ON plan_changes (order_id);

-- What the dispatcher answered an order. Its due time is what the judge holds the delivery to.
CREATE TABLE promises (
    order_id   text PRIMARY KEY REFERENCES orders,
    city_id    text NOT NULL,
    state      text NOT NULL CHECK (state IN ('promised', 'offered', 'impossible', 'cancelled')),
    due_at     timestamptz,
    not_before timestamptz,                 -- of a booked window
    depot_id   text,
    alternates text[] NOT NULL DEFAULT '{}',   -- other depots that could keep it
    offers     jsonb NOT NULL DEFAULT '[]', -- [{"due_at", "window_from", "locker_id", "depot_id"}]
    reason     text NOT NULL,
    version    integer NOT NULL,            -- the plan it was inserted into
    decided_at timestamptz NOT NULL,
    CHECK ((state = 'promised') = (due_at IS NOT NULL))
);
CREATE INDEX promises_of_city ON promises (city_id, state);

-- Dispatchers' standing wishes. One that stands has no to_version.
CREATE TABLE pins (
    pin_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city_id      text NOT NULL,
    order_id     text NOT NULL,
    kind         text NOT NULL CHECK (kind IN ('pin', 'hold')),
    vehicle_id   text,
    hold_until   timestamptz,
    price        bigint NOT NULL,           -- what it costs more, smallest currency unit
    by           text NOT NULL,
    from_version integer NOT NULL,
    to_version   integer
);
CREATE UNIQUE INDEX pins_one_of_a_kind ON pins (city_id, order_id, kind) WHERE to_version IS NULL;

CREATE TABLE command_outcomes (
    command_id text PRIMARY KEY REFERENCES dispatch_commands,
    accepted   boolean NOT NULL,
    reason     text NOT NULL,
    version    integer,                     -- the plan that it made
    price      bigint,
    decided_at timestamptz NOT NULL
);

-- What was compared when a box became a question, and what was done.
CREATE TABLE rescues (
    rescue_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    city_id        text NOT NULL,
    version        integer NOT NULL,
    order_id       text NOT NULL,
    consignment_id text NOT NULL,
    cause          text NOT NULL CHECK (cause IN ('forecast', 'cooling_failed', 'breakdown')),
    options        jsonb NOT NULL,          -- [{"action", "vehicle_id", "arrives_at", "cost", "spoil_chance"}]
    chosen         text NOT NULL CHECK (chosen IN ('keep', 'bring_forward', 'swap', 'relay',
                                                   'return', 'accept')),
    why            text NOT NULL,
    decided_at     timestamptz NOT NULL
);
CREATE INDEX rescues_of_order ON rescues (order_id);
CREATE INDEX rescues_of_city ON rescues (city_id, version);

-- When a vehicle really came to a stop and left it, by its positions or by its driver's word.
CREATE TABLE stop_visits (
    vehicle_id text NOT NULL,
    stop_key   text NOT NULL,               -- 'order:…' or 'depot:…/trip'
    city_id    text NOT NULL,
    order_id   text,
    depot_id   text,
    arrived_at timestamptz NOT NULL,
    left_at    timestamptz,
    source     text NOT NULL CHECK (source IN ('position', 'handover')),
    leg_planned_s  integer,                 -- what the way there was thought to take, and took
    leg_actual_s   integer,
    stop_planned_s integer,
    lat_deg    double precision,            -- of the stop
    lon_deg    double precision,
    PRIMARY KEY (vehicle_id, stop_key, arrived_at)
);
CREATE INDEX stop_visits_of_city ON stop_visits (city_id, arrived_at);
