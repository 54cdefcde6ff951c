"""Standard errors against other implementations, and against deleting one PSU after the other in earnest."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.incidence import Request, curve, measure


def sample(seed=1, n=400, strata=4, psus=6):
    rng = np.random.default_rng(seed)
    h = rng.integers(0, strata, n)
    psu = rng.integers(0, psus, n)
    psu[: strata * psus] = np.tile(np.arange(psus), strata)
    h[: strata * psus] = np.repeat(np.arange(strata), psus)
    y = np.round(rng.lognormal(3, 0.6, n) + psu)
    served = rng.random(n) < np.where(y < 20, 0.6, 0.25)
    return pl.DataFrame(
        {
            "y": y,
            "b": served * rng.integers(1, 6, n).astype(float),
            "w": np.round(rng.uniform(0.5, 3, n), 2),
            "h": h,
            "psu": psu,
            "area": rng.choice(["x", "y", "z"], n),
        }
    )


def records(frame, **options):
    request = Request("y", "b", **{"weight": "w", "line": "20", "quantiles": 10, **options})
    return {(r.measure, r.group): r for r in measure(frame, request).records}


# ------------------------------------------------------------------ linearisation


RATIOS = {
    "coverage": (pl.col("s"), pl.lit(1.0)),
    "exclusion_error": ((1 - pl.col("s")) * pl.col("e"), pl.col("e")),
    "inclusion_error_served": (pl.col("s") * (1 - pl.col("e")), pl.col("s")),
    "inclusion_error_nonpoor": (pl.col("s") * (1 - pl.col("e")), 1 - pl.col("e")),
    "fgt1_after": ((20 - pl.col("y")).clip(0) / 20, pl.lit(1.0)),
    "distributional_characteristic": (20 / pl.col("y") * pl.col("b"), pl.col("b")),
}


def test_ratios_agree_with_svy():
    svy = pytest.importorskip("svy", reason="the extra `compare` is not installed")
    frame = sample()
    ours = records(frame, psu="psu", strata="h", by=("area",))
    frame = frame.with_columns(s=(pl.col("b") > 0).cast(pl.Float64), e=(pl.col("y") < 20).cast(pl.Float64))
    for name, (num, den) in RATIOS.items():
        data = frame.with_columns(num=num, den=den)
        design = svy.Design(stratum="h", psu="psu", wgt="w")
        theirs = svy.Sample(data, design).estimation.ratio("num", "den")
        estimate = theirs.to_polars()
        record = ours[name, "all"]
        assert record.value == pytest.approx(estimate["est"][0], rel=1e-10), name
        assert record.se == pytest.approx(estimate["se"][0], rel=1e-9), name
        assert record.ci_low == pytest.approx(estimate["lci"][0], rel=1e-9), name
    by_area = svy.Sample(frame, svy.Design(stratum="h", psu="psu", wgt="w")).estimation.mean("s", by="area")
    for row in by_area.to_polars().iter_rows(named=True):
        assert ours["coverage", f"area={row['area']}"].se == pytest.approx(row["se"], rel=1e-9)


def test_without_clusters_agrees_with_a_robust_regression_of_statsmodels():
    """A weighted share is the constant of a weighted regression; HC1 has the same n/(n-1)."""
    regression = pytest.importorskip(
        "statsmodels.regression.linear_model", reason="the extra `compare` is not installed"
    )
    frame = sample()
    served = (frame["b"] > 0).to_numpy().astype(float)
    fit = regression.WLS(served, np.ones(len(served)), weights=frame["w"].to_numpy()).fit(cov_type="HC1")
    record = records(frame)["coverage", "all"]
    assert record.value == pytest.approx(fit.params[0], rel=1e-12)
    assert record.se == pytest.approx(fit.bse[0], rel=1e-9)


def test_the_differential_agrees_with_a_clustered_regression_on_being_poor():
    """It is the slope of served on poor; clustered errors of statsmodels without its (n-1)/(n-k)."""
    regression = pytest.importorskip(
        "statsmodels.regression.linear_model", reason="the extra `compare` is not installed"
    )
    frame = sample().with_columns(cluster=pl.col("h") * 100 + pl.col("psu"))
    served = (frame["b"] > 0).to_numpy().astype(float)
    poor = (frame["y"] < 20).to_numpy().astype(float)
    fit = regression.WLS(served, np.column_stack([np.ones(len(poor)), poor]), weights=frame["w"].to_numpy()).fit(
        cov_type="cluster", cov_kwds={"groups": frame["cluster"].to_numpy(), "use_correction": False}
    )
    groups = frame["cluster"].n_unique()
    record = records(frame, psu="cluster")["targeting_differential", "all"]
    assert record.value == pytest.approx(fit.params[1], rel=1e-12)
    assert record.se == pytest.approx(fit.bse[1] * np.sqrt(groups / (groups - 1)), rel=1e-9)


def linear_variance(frame, u):
    """Σ_h n_h/(n_h-1) Σ_j (u_hj - ū_h)², loop by loop."""
    total = 0.0
    for _, stratum in frame.with_columns(u=pl.Series(u)).group_by("h", maintain_order=True):
        z = stratum.group_by("psu").agg(pl.col("u").sum())["u"].to_numpy()
        total += len(z) / (len(z) - 1) * ((z - z.mean()) ** 2).sum()
    return total


def test_a_share_of_benefits_counts_psus_outside_the_group():
    frame = sample(strata=2, psus=3, n=30)
    w, b = frame["w"].to_numpy(), frame["b"].to_numpy()
    inside = (frame["area"] == "x").to_numpy()
    share = (w * b)[inside].sum() / (w * b).sum()
    u = w * b * (inside - share) / (w * b).sum()
    record = records(frame, psu="psu", strata="h", by=("area",))["benefit_incidence", "area=x"]
    assert record.value == pytest.approx(share)
    assert record.se == pytest.approx(np.sqrt(linear_variance(frame, u)), rel=1e-9)
    alone = records(frame.with_columns(psu=pl.int_range(30)), strata="h", by=("area",))["benefit_incidence", "area=x"]
    rows = frame.with_columns(psu=pl.int_range(30))
    assert alone.se == pytest.approx(np.sqrt(linear_variance(rows, u)), rel=1e-9)


# ------------------------------------------------------------------ jackknife


KEYS = (
    ("cgh_20", "all"),
    ("cgh_40", "area=x"),
    ("concentration_index", "all"),
    ("concentration_index", "area=y"),
    ("concentration_curve", "q7"),
)


def deleted_in_earnest(frame):
    """Σ_h (n_h-1)/n_h Σ_j (θ without j - θ)², each θ computed from a file without the PSU."""

    def estimates(rows):
        found = records(rows, by=("area",))
        return np.array([found[key].value for key in KEYS])

    full, total = estimates(frame), 0.0
    for (h,), stratum in frame.group_by("h", maintain_order=True):
        n_h = stratum["psu"].n_unique()
        for psu in stratum["psu"].unique(maintain_order=True):
            gain = pl.when(pl.col("h") == h).then(n_h / (n_h - 1)).otherwise(1.0)
            left = frame.filter((pl.col("h") != h) | (pl.col("psu") != psu)).with_columns(w=pl.col("w") * gain)
            total += (n_h - 1) / n_h * (estimates(left) - full) ** 2
    return np.sqrt(total)


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from([1, 3]))
def test_the_jackknife_is_that_of_deleting_each_psu(seed, strata):
    frame = sample(seed, n=60, strata=strata, psus=4)
    found = records(frame, psu="psu", strata="h", by=("area",))
    ours = [found[key].se for key in KEYS]
    assert ours == pytest.approx(deleted_in_earnest(frame), rel=1e-7, abs=1e-9)


def test_many_psus_are_linearised_to_much_the_same(monkeypatch):
    """With many units in each PSU, each moves the cut over many units and the replicates are smooth."""
    frame = sample(n=40_000, strata=2, psus=20)
    frame = frame.with_columns(y=pl.col("y") + pl.Series(np.random.default_rng(2).random(frame.height)))
    exact = records(frame, psu="psu", strata="h")
    monkeypatch.setattr(curve, "MOST_REPLICATES", {1 << 62: 0})
    linearised = records(frame, psu="psu", strata="h")
    for name, tolerance in (("concentration_index", 0.02), ("cgh_20", 0.15), ("cgh_40", 0.15)):
        assert linearised[name, "all"].se == pytest.approx(exact[name, "all"].se, rel=tolerance), name


# ------------------------------------------------------------------ designs


def test_a_stratum_with_one_psu_gives_no_error_and_says_so():
    frame = sample(strata=3, psus=4).with_columns(psu=pl.when(pl.col("h") == 0).then(0).otherwise("psu"))
    result = measure(frame, Request("y", "b", weight="w", line="20", psu="psu", strata="h"))
    assert result.value("coverage") is not None
    assert {r.se for r in result.records} == {None}
    assert any("one PSU only" in n for n in result.notices)


def test_psu_numbers_may_start_again_in_every_stratum():
    frame = sample()
    renamed = frame.with_columns(psu=pl.format("{}-{}", "h", "psu"))
    first, second = records(frame, psu="psu", strata="h"), records(renamed, psu="psu", strata="h")
    assert {k: r.se for k, r in first.items()} == pytest.approx({k: r.se for k, r in second.items()}, nan_ok=True)


def test_a_universal_program_is_certain():
    found = records(sample().with_columns(b=pl.lit(2.0)), psu="psu", strata="h")
    for name in ("coverage", "cgh_20", "cgh_40", "concentration_index"):
        assert found[name, "all"].se == pytest.approx(0, abs=1e-9)
