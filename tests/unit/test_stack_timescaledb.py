"""Which TimescaleDB is taken, of those that the archive has?"""

import pytest

from frostline.stack.errors import PartUnavailable
from frostline.stack.timescaledb import TIMESCALEDB_VERSION, choose_version


def test_the_pinned_version_is_taken_whatever_its_packaging():
    assert TIMESCALEDB_VERSION == "2.19.3"
    assert choose_version(["2.19.4+dfsg-1", "2.19.3+dfsg-1+deb13u1"]) == "2.19.3+dfsg-1+deb13u1"


def test_another_of_its_series_will_do():
    assert choose_version(["2.20.0+dfsg-1", "2.19.4+dfsg-1"]) == "2.19.4+dfsg-1"


@pytest.mark.parametrize("held", [[], ["2.20.0+dfsg-1"], ["2.190.0"], ["12.19.3+dfsg-1"]])
def test_any_other_is_refused_with_what_to_do(held):
    with pytest.raises(PartUnavailable, match="raise TIMESCALEDB_VERSION"):
        choose_version(held)
