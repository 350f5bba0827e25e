"""The engine on the public building: the numbers that docs/control.md promises, on one window each."""

from dataclasses import replace

import pytest

limit = pytest.importorskip("benchmarks.control.limit", reason="the limit needs scipy")

from benchmarks.control.scoring import baseline, score  # noqa: E402
from benchmarks.control.tables import Scored, summary, tariffs_table, windows_table  # noqa: E402
from benchmarks.control.window import Case, load_twin  # noqa: E402

# One worker: the window is scored once for all.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200), pytest.mark.xdist_group("twin")]


@pytest.fixture(scope="module")
def cold() -> Scored:
    """The peak heat window, scored."""
    try:
        load_twin()
    except FileNotFoundError as err:
        pytest.skip(str(err))
    return score(Case(23, seed=1), with_limit=True)


def test_cheaper_more_comfortable_and_no_higher_peak(cold: Scored) -> None:
    assert cold.change("cost_eur_m2") <= -20
    assert cold.change("discomfort_kh") <= -85
    assert cold.change("peak_w_m2") <= 0
    assert cold.ours.kpi["starts_max_per_hour"] <= 3


def test_it_gets_most_of_what_perfect_foresight_could(cold: Scored) -> None:
    assert cold.limit is not None
    assert cold.limit.cost_eur_m2 < cold.ours.kpi["cost_eur_m2"]
    share = summary([cold])["share_of_limit_pct"]
    assert 80 <= share <= 100


def test_the_limit_keeps_its_promise_of_comfort(cold: Scored) -> None:
    assert cold.limit is not None
    assert cold.limit.discomfort_kh <= cold.ours.kpi["discomfort_kh"] + 0.01
    assert cold.limit_at_peak is not None
    assert cold.limit_at_peak.cost_eur_m2 >= cold.limit.cost_eur_m2 - 1e-6
    assert cold.limit_at_peak.peak_w_m2 <= cold.baseline["peak_w_m2"] * 1.001


def test_tables_name_window_and_tariff(cold: Scored) -> None:
    assert "| day 23 |" in windows_table([cold])
    assert "| dynamic |" in tariffs_table({"dynamic": summary([cold])})


def test_baseline_runs_at_its_own_period() -> None:
    try:
        load_twin()
    except FileNotFoundError as err:
        pytest.skip(str(err))
    case = Case(23, seed=2)
    assert baseline(case).kpi == baseline(replace(case, period_s=3600, seed=5)).kpi
