"""Is what was published still what was published, and what an auditor takes along.

Belongs here: recomputing chains, seals, digests and sums (``verify``), making a month again from its files
(``rerun``), the auditor's folder (``pack``). Not here: writing what is verified (:mod:`pipeline.publish`), ending it
(:mod:`pipeline.purge`).

``report`` what was looked at and what differs · ``chains`` hash chains and seals · ``rows`` runs against their
manifests, sums, rows without a run · ``witnesses`` what lies beside the database · ``inputs`` raw files where they
still lie.
"""
