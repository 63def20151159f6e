"""How is the trial of a policy shown?"""

from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from gateway.judge.trial import Trial
from gateway.rules.judgement import Judgement


def render_json(trials: Sequence[Trial]) -> str:
    """Write the trials as a JSON array."""
    return msgspec.json.encode(list(trials)).decode()


def show(trials: Sequence[Trial]) -> None:
    """Print a table: each box, as it is judged and as it would have been."""
    table = Table("consignment", "its policy", "says", "the tried one says")
    for trial in trials:
        table.add_row(
            trial.consignment_id,
            f"{trial.policy_id} {trial.policy_version}",
            _in_words(trial.judged),
            _in_words(trial.tried),
        )
    Console().print(table)


def _in_words(judgement: Judgement) -> str:
    found = [
        f"{e.limit} {e.state}, {e.duration_s // 60} min, {e.extreme_c:.1f} °C"
        for e in judgement.excursions
    ]
    return "\n".join([judgement.outcome, *found])
