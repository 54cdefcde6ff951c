"""What two months say of the same persons, households, benefits and findings, as queries that count.

Belongs here: SQL. Each query gives cells: how many stood in an area in the first month (``area_before``, null: not at
all) and in one in the second (``area_after``), why they left the first and why they came into the second. A thing has
one reason to leave and one to come, the first that fits, so that the cells add up. None reads a name or number.

Two ids are the same thing where they are equal; where an id was merged or split, ``succession`` (ids) and
``key_succession`` (findings) say what stands for it now: that is a reason, not a sameness, because two that became one
are one less.
"""

from __future__ import annotations

from typing import Final

CELLS: Final = (
    "subject", "part", "area_before", "area_after", "left_why", "came_why", "detail", "n", "amount_before",
    "amount_after",
)  # fmt: skip

LISTS: Final = """
create temp table lists as
select distinct run_id = $second as later, kind, coalesce(program, '') as program,
       coalesce(substr(kecamatan_code, 1, 4), '') as kabupaten
from audit.mentions where run_id in ($first, $second) and kind in ('registry', 'recipients')
"""
"""Registers and recipients lists of both months, by program and kabupaten (empty: nobody wrote it down)."""


def _missing(kind: str, later: str, program: str, kecamatan: str) -> str:
    """Whether a month has no list of a kind for a place: none at all, or none of its kabupaten."""
    where = f"l.kind = '{kind}' and {later} and l.program = {program}"
    place = f"l.kabupaten in ('', substr({kecamatan}, 1, 4))"
    return f"not exists (select 1 from lists l where {where} and ({kecamatan} is null or {place}))"


def _living(subject: str, table: str, key: str, present: str, gone: str) -> str:
    """Persons or households that are there: those that are gone, merged or on no list any more leave."""
    return f"""
with a as (
    select {key} as id, {{area}} as area, {present} as present, in_registry, kecamatan_code from audit.{table}
    where run_id = $first),
b as (
    select *, {{area}} as area, {key} as id, {present} as present from audit.{table} where run_id = $second),
pairs as (
    select coalesce(a.id, b.id) as id, a.id is not null as was, b.id is not null as is_now,
           case when a.present then a.area end as area_before, case when b.present then b.area end as area_after,
           {gone} as gone, a.in_registry as listed_before, b.in_registry as listed_after,
           a.kecamatan_code as place_before, b.kecamatan_code as place_after
    from a full join b on a.id = b.id
    where coalesce(a.present, false) or coalesce(b.present, false)),
heirs as (select distinct was as id from succession where now in (select id from b)),
origins as (select distinct now as id from succession where was in (select id from a)),
told as (
    select p.*, h.id is not null as has_heir, o.id is not null as has_origin
    from pairs p left join heirs h on h.id = p.id left join origins o on o.id = p.id)
select '{subject}' as subject, '' as part, area_before, area_after,
       case when area_before is null or area_before is not distinct from area_after then null
            when area_after is not null then 'other_area'
            when is_now then gone
            when has_heir then 'identity'
            when listed_before and {_missing("registry", "l.later", "''", "place_before")} then 'list_missing'
            else 'off_lists' end as left_why,
       case when area_after is null or area_before is not distinct from area_after then null
            when area_before is not null then 'other_area'
            when was then 'present_again'
            when has_origin then 'identity'
            when listed_after and {_missing("registry", "not l.later", "''", "place_after")} then 'list_missing'
            else 'first_seen' end as came_why,
       null::varchar as detail, count(*) as n, 0::bigint as amount_before, 0::bigint as amount_after
from told group by all
"""


_PERSONS: Final = _living(
    "persons", "persons", "person_id", "coalesce(alive, true) and not coalesce(moved_out, false)",
    "case when not coalesce(b.alive, true) then 'died' else 'moved_out' end",
)  # fmt: skip
_HOUSEHOLDS: Final = _living("households", "households", "household_id", "coalesce(n_present, 0) > 0", "'nobody_left'")

_BENEFITS: Final = f"""
with units as (
    select run_id = $second as later, program, subject_kind, subject_id as id, status, served, kecamatan_code,
           {{area}} as area
    from audit.eligibility where run_id in ($first, $second)),
lines as (
    select run_id = $second as later, program, subject_kind, subject_id as id, person_id, amount
    from audit.benefits where run_id in ($first, $second)),
sums as (select later, program, subject_kind, id, coalesce(sum(amount), 0)::bigint as amount from lines group by all),
paid as (
    select u.*, coalesce(s.amount, 0) as amount
    from (select * from units where served) u left join sums s using (later, program, subject_kind, id)),
a as (select * from paid where not later),
b as (select * from paid where later),
pairs as (
    select coalesce(a.program, b.program) as program, coalesce(a.subject_kind, b.subject_kind) as subject_kind,
           coalesce(a.id, b.id) as id, a.area as area_before, b.area as area_after,
           coalesce(a.kecamatan_code, b.kecamatan_code) as place, coalesce(a.amount, 0) as amount_before,
           coalesce(b.amount, 0) as amount_after
    from a full join b on a.program = b.program and a.subject_kind = b.subject_kind and a.id = b.id),
changed as (
    select * from pairs where area_before is null or area_after is null),
-- the same recipients under another unit, or a unit that stands for this one
recipients as (
    select distinct l.later, l.program, l.subject_kind, l.id, l.person_id from lines l
    join changed c on c.program = l.program and c.subject_kind = l.subject_kind and c.id = l.id
    where l.person_id is not null),
known_as as (
    select r.*, r.person_id as other from recipients r
    union all
    select r.*, s.now from recipients r join succession s on s.was = r.person_id where not r.later
    union all
    select r.*, s.was from recipients r join succession s on s.now = r.person_id where r.later),
regrouped as (
    select distinct k.program, k.subject_kind, k.id from known_as k
    join (select distinct later, program, person_id from lines) o
      on o.program = k.program and o.person_id = k.other and o.later <> k.later
    union
    select a.program, a.subject_kind, a.id from a join succession s on s.was = a.id
    join b on b.program = a.program and b.id = s.now
    union
    select b.program, b.subject_kind, b.id from b join succession s on s.now = b.id
    join a on a.program = b.program and a.id = s.was),
-- what became of the recipients of units that left
fates as (
    select k.program, k.subject_kind, k.id, bool_and(not coalesce(p.alive, true)) as died,
           bool_and(coalesce(p.moved_out, false) or not coalesce(p.alive, true)) as gone
    from (select * from known_as where not later) k
    join (select person_id, alive, moved_out from audit.persons where run_id = $second) p on p.person_id = k.other
    group by all),
homes as (
    select later, id, any_value(desil) as desil from (
        select run_id = $second as later, household_id as id, desil from audit.households
        where run_id in ($first, $second)
        union all
        select p.run_id = $second, p.person_id, h.desil from audit.persons p
        join audit.households h on h.household_id = p.household_id and h.run_id = p.run_id
        where p.run_id in ($first, $second)) group by all),
told as (
    select c.*, r.id is not null as regrouped, coalesce(f.died, false) as died, coalesce(f.gone, false) as gone,
           e1.status as status_before, e2.status as status_after,
           coalesce(h1.desil <> h2.desil, false) as other_desil,
           {_missing("recipients", "l.later", "c.program", "c.place")} as no_list_after,
           {_missing("recipients", "not l.later", "c.program", "c.place")} as no_list_before
    from changed c
    left join regrouped r on r.program = c.program and r.subject_kind = c.subject_kind and r.id = c.id
    left join fates f on f.program = c.program and f.subject_kind = c.subject_kind and f.id = c.id
    left join (select * from units where not later) e1
           on e1.program = c.program and e1.subject_kind = c.subject_kind and e1.id = c.id
    left join (select * from units where later) e2
           on e2.program = c.program and e2.subject_kind = c.subject_kind and e2.id = c.id
    left join (select * from homes where not later) h1 on h1.id = c.id
    left join (select * from homes where later) h2 on h2.id = c.id),
reasons as (
    select program, area_before, area_after, amount_before, amount_after,
           case when area_before is null then null
                when no_list_after then 'list_missing'
                when regrouped then 'identity'
                when died then 'died'
                when gone then 'moved_out'
                when status_after is null then 'off_lists'
                when status_after = 'ineligible' and other_desil then 'desil_changed'
                when status_after = 'ineligible' and status_before = 'ineligible' then 'ineligible_already'
                when status_after = 'ineligible' then 'became_ineligible'
                when status_after = 'eligible' then 'though_eligible'
                else 'cannot_tell' end as left_why,
           case when area_after is null then null
                when no_list_before then 'list_missing'
                when regrouped then 'identity'
                when status_before is null then 'first_seen'
                when status_after = 'ineligible' then 'though_ineligible'
                when status_before = 'eligible' then 'waited'
                when status_after = 'eligible' and other_desil then 'desil_changed'
                when status_after = 'eligible' then 'became_eligible'
                else 'cannot_tell' end as came_why
    from told
    union all
    select program, area_before, area_after, amount_before, amount_after,
           case when area_before <> area_after then 'other_area' end,
           case when area_before <> area_after then 'other_area' end
    from pairs where area_before is not null and area_after is not null)
select 'benefits' as subject, program as part, area_before, area_after, left_why, came_why, null::varchar as detail,
       count(*) as n, sum(amount_before)::bigint as amount_before, sum(amount_after)::bigint as amount_after
from reasons group by all
"""

_FINDINGS: Final = """
with a as (
    select finding_key as id, finding_type, {area} as area, coalesce(amount, 0) as amount from audit.findings
    where run_id = $first),
b as (
    select finding_key as id, finding_type, {area} as area, coalesce(amount, 0) as amount from audit.findings
    where run_id = $second),
later_runs as (
    select run_id, period from audit.runs where status = 'published' and period > $period_before
      and period <= $period_after
    qualify row_number() over (partition by period order by finished_at desc, run_id desc) = 1),
ended as (
    select finding_key as id, change, why from audit.finding_changes join later_runs using (run_id)
    where change in ('resolved', 'not_assessable')
    qualify row_number() over (partition by finding_key order by period desc) = 1),
older as (
    select distinct f.finding_key as id from audit.findings f join audit.runs r using (run_id)
    where r.status = 'published' and r.period < $period_before),
pairs as (
    select coalesce(a.id, b.id) as id, coalesce(a.finding_type, b.finding_type) as finding_type,
           a.area as area_before, b.area as area_after, coalesce(a.amount, 0) as amount_before,
           coalesce(b.amount, 0) as amount_after
    from a full join b on a.id = b.id),
heirs as (select distinct was as id from key_succession where now in (select id from b)),
origins as (select distinct now as id from key_succession where was in (select id from a)),
told as (
    select p.*, h.id is not null as has_heir, o.id is not null as has_origin, y.id is not null as known,
           e.change, e.why
    from pairs p left join heirs h on h.id = p.id left join origins o on o.id = p.id
    left join older y on y.id = p.id left join ended e on e.id = p.id),
reasons as (
    select *, case when area_before is null or area_before is not distinct from area_after then null
                   when area_after is not null then 'other_area'
                   when has_heir then 'identity'
                   else coalesce(change, 'gone') end as left_why,
           case when area_after is null or area_before is not distinct from area_after then null
                when area_before is not null then 'other_area'
                when has_origin then 'identity'
                when known then 'reopened' else 'new' end as came_why
    from told)
select 'findings' as subject, finding_type as part, area_before, area_after, left_why, came_why,
       case when left_why in ('resolved', 'not_assessable') then why end as detail, count(*) as n,
       sum(amount_before)::bigint as amount_before, sum(amount_after)::bigint as amount_after
from reasons group by all
"""

QUERIES: Final = {"persons": _PERSONS, "households": _HOUSEHOLDS, "benefits": _BENEFITS, "findings": _FINDINGS}

STOCKS: Final = """
select 'persons' as subject, '' as part, {area} as area, count(*) as n from audit.persons
where run_id = $run and coalesce(alive, true) and not coalesce(moved_out, false) group by all
union all
select 'households', '', {area}, count(*) from audit.households
where run_id = $run and coalesce(n_present, 0) > 0 group by all
union all
select 'benefits', program, {area}, count(*) from audit.eligibility where run_id = $run and served group by all
union all
select 'findings', finding_type, {area}, count(*) from audit.findings where run_id = $run group by all
"""
"""The stocks of one month, counted by themselves."""
AREAS: Final = {None: "''", "kecamatan": "coalesce(kecamatan_code, '?')"}
"""What `--by` may be → the area of a row."""
