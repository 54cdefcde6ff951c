"""What is said of answers that do not count by themselves: refused beside others, in dispute, or beside the question.

Not here: which of them count (:mod:`.weighing`), rows that cannot be used at all (:mod:`.holding`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from pipeline.cases.field_rules import FieldRules
from pipeline.cases.holding import choices_of, labelled, written_day
from pipeline.cases.refusing import Reasons, Refusal
from pipeline.cases.weighing import Said, Weighed


@dataclass(frozen=True)
class Telling:
    """What is said of answers that do not count by themselves."""

    rules: FieldRules
    reasons: Reasons
    fresh: pl.DataFrame
    """Answers that fit their case and were not there before."""
    findings: pl.DataFrame
    """Findings of their cases that wait."""

    def _label(self, code: str) -> str:
        return labelled([code], self.rules, self.reasons.lang)

    def disputed(self, said: Sequence[Said]) -> str:
        """Answers of two people: ``Layak (SITI), Tidak layak (ALI)``."""
        return ", ".join(dict.fromkeys(f"{self._label(one.code)} ({one.officer or '-'})" for one in said))

    def refused(self, weighed: Weighed) -> dict[str, str]:
        """Why answers are refused that stand against others, by ``answer_id``."""
        rows = {row["answer_id"]: row for row in self.fresh.iter_rows(named=True)}
        return {
            answer_id: self.reasons.why(
                why, case=rows[answer_id]["case_id"], mine=self._label(rows[answer_id]["code"]),
                answer=self._label(other.code), day=written_day(other.day) if other.day else "",
                officer=f" ({other.officer})" if other.officer else "",
            )
            for answer_id, (why, other) in weighed.refused.items()
        }  # fmt: skip

    def remarks(self, fresh: pl.DataFrame, answered: pl.DataFrame, weighed: Weighed) -> list[Refusal]:
        """What is to be known of answers that were used: two people differ, or nothing that was asked is answered."""
        told: list[Refusal] = []
        of_two = weighed.told.filter(pl.col("finding_key").is_in(list(weighed.disputed)))
        key_of = dict(of_two.select("answer_id", "finding_key").iter_rows())
        settles = [code for code, outcome in self.rules.outcomes.items() if outcome.settles]
        beside = fresh.filter(pl.col("code").is_in(settles)).join(answered, on="answer_id", how="anti")
        choices = choices_of(
            self.findings.filter(pl.col("case_id").is_in(beside["case_id"].implode())), self.rules, self.reasons.lang
        )
        aside = set(beside["answer_id"])
        for row in fresh.iter_rows(named=True):
            case_id, key = row["case_id"], key_of.get(row["answer_id"])
            if key is not None:
                why = self.reasons.why("disputed", case=case_id, answers=self.disputed(weighed.disputed[key]))
                told.append(self.reasons.refusal(row, why))
            elif row["answer_id"] in aside and case_id in choices:
                why = self.reasons.why("besides", found=repr(row["outcome"]), case=case_id, labels=choices[case_id])
                told.append(self.reasons.refusal(row, why))
        return told
