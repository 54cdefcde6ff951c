"""Tepat Sasaran: finds targeting errors in the beneficiary lists of a social office.

One folder a stage, in the order in which data flows: ``ingest`` → ``validate`` → ``resolve`` → ``misuse`` →
``target`` → ``publish``. :mod:`pipeline.run` puts them in order; :mod:`pipeline.tables` declares every table
that passes between them. No stage imports a later one.
"""
