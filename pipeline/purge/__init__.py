"""What is past its retention, or was replaced, is ended; a tombstone stands in its place.

Belongs here: how long what is kept (``rules/retention.yaml``), what that means today, deleting it, and giving its
space back. Not here: whether what is left is whole (:mod:`pipeline.audit`).

``retention`` the card · ``plan`` what is to be ended · ``ending`` the transaction · ``space`` the file without it.
"""
