"""How is the forecast's model fitted? `python -m bench.forecast_fit` writes it anew.

Trees are grown on the journeys of one set of seeds; when to warn is chosen on those of another, so
that a trusted share of the boxes that never leave is ever called at risk. The report
(`bench.forecast`) uses a third.
"""

import argparse
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from bench.boxes import draw_journeys
from bench.forecast_boost import Recipe, grow, outcomes
from bench.forecast_samples import Samples, read_samples
from bench.report import progress
from gateway.rules import forecast
from gateway.rules.forecast import warning_chance
from gateway.rules.forecast_signs import SIGNS
from gateway.rules.forecast_trees import Trees, chance_by_stretch

FIT_SEEDS: Final = range(1001, 1037)
WARN_SEEDS: Final = range(2001, 2005)
BOXES_A_SEED: Final = 1000
ENDS_MIN: Final = np.array([10, 20, 30, 40, 60, 80, 110, 150, 200, 260, 340, 420], np.float64)
WARN_WITHIN_MIN: Final = 150.0
# Of boxes that never leave, so many may ever be called at risk on the seeds that the choice is made
# on: less than the 6 % that are promised, for chance.
FALSE_ALARMS: Final = 0.05
_TREES_SEED: Final = 7

_PACKAGED: Final = Path(forecast.__file__).with_name("forecast_model.json")

Floats = npt.NDArray[np.floating[Any]]


def main() -> None:
    """Fit, and write the model to where the package reads it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=_PACKAGED, help="where to write the model")
    options = parser.parse_args()
    trees = fit_trees(Recipe())
    warn_chance = choose_warning(trees)
    options.out.write_text(model_json(trees, warn_chance))
    progress(f"wrote {options.out.name}: {options.out.stat().st_size / 1024:.0f} kB")


def fit_trees(recipe: Recipe) -> Trees:
    """Return trees grown on the journeys of FIT_SEEDS."""
    parts = []
    for seed in FIT_SEEDS:
        parts.append(read_samples(draw_journeys(BOXES_A_SEED, seed=seed), every=5))
        progress(f"seed {seed}: {len(parts[-1].signs)} samples")
    leaves_min = np.concatenate([part.leaves_min for part in parts])
    ends_min = np.concatenate([part.ends_min for part in parts])
    left, seen = outcomes(leaves_min, ends_min, ENDS_MIN)
    return grow(
        np.concatenate([part.signs for part in parts]),
        left,
        seen,
        recipe=recipe,
        random=np.random.default_rng(_TREES_SEED),
        progress=lambda tree: progress(f"tree {tree}") if tree % 25 == 0 else None,
    )


def choose_warning(trees: Trees) -> float:
    """Return the chance from which to warn, so that FALSE_ALARMS of WARN_SEEDS' boxes are false."""
    highest: list[Floats] = []
    for seed in WARN_SEEDS:
        journeys = draw_journeys(BOXES_A_SEED, seed=seed)
        samples = read_samples(journeys)
        stays = np.array([journey.leaves_ms is None for journey in journeys])
        highest.append(highest_warning(samples, warnings_of(trees, samples), len(journeys))[stays])
    return float(np.quantile(np.concatenate(highest), 1 - FALSE_ALARMS))


def warnings_of(trees: Trees, samples: Samples) -> Floats:
    """Return each sample's chance that a warning is decided by."""
    parts = np.array_split(np.arange(len(samples.signs)), max(1, len(samples.signs) // 4096))
    chance = np.concatenate(
        [chance_by_stretch(trees.logits(samples.signs[part])) for part in parts]
    )
    return warning_chance(
        chance.astype(np.float64), ENDS_MIN, samples.due_min, within_min=WARN_WITHIN_MIN
    )


def highest_warning(samples: Samples, warning: Floats, journeys: int) -> Floats:
    """Return the highest chance that each journey had twice running (journeys,)."""
    order = np.lexsort((samples.now_ms, samples.journey))
    journey, warning = samples.journey[order], warning[order]
    again = np.concatenate(([False], journey[1:] == journey[:-1]))
    twice = np.where(again, np.minimum(warning, np.roll(warning, 1)), 0)
    highest = np.zeros(journeys)
    np.maximum.at(highest, journey, twice)
    return highest


def model_json(trees: Trees, warn_chance: float) -> str:
    """Return the model as it is stored; leaves and base as thousandths."""
    model = {
        "signs": list(SIGNS),
        "ends_min": ENDS_MIN.tolist(),
        "warn_chance": round(warn_chance, 4),
        "warn_within_min": WARN_WITHIN_MIN,
        "base": np.round(trees.base * 1000).astype(int).tolist(),
        "sign": trees.sign.tolist(),
        "threshold": [[float(f"{x:.5g}") for x in row] for row in trees.threshold.tolist()],
        "leaves": np.round(trees.leaves * 1000).astype(int).tolist(),
    }
    return json.dumps(model, separators=(",", ":")) + "\n"


if __name__ == "__main__":
    main()
