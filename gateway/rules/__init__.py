"""What the judge decides by: pure functions over curves and policies, no I/O.

Where to begin:

- one box's curve: `excursions` (on `track`, `line`, `breaches`, `suspension`), `budgets`, `figures`
  (`mkt`, `shelf_life`, `product`, `lid`), `look_again`; its words are in `policy` and `judgement`
- how long a box will hold: `forecast`; the model is in `thermal`, `thermal_smoother`, `forecast_*`
- a whole order: `order_judgement`, from a `dossier`
- what a member gets, and what proves it: `compensation`, `evidence` (`filing`, `canonical`)
- who is told: `alerts`, by `alerting_plan`, of `conditions`: `silence`, `logger_health`, `reefer`,
  `lateness`
- files that people write: `policy_file`, `compensation_file`, `alerting_file`, over `toml_lines`
"""
