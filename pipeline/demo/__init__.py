"""A synthetic district with known truth, for the demo, for tests and for benchmarks.

Charter: people, families, aid and its errors, and the lists a provincial office would receive about them, for any
number of months and any size. The truth is worked out from the invented world and never from the code under test;
only :mod:`pipeline.period` and the region names are shared with the stages.
"""

from pipeline.demo.district import make_district
from pipeline.demo.noise import BAD, CLEAN, FIELD, Profile

__all__ = ["BAD", "CLEAN", "FIELD", "Profile", "make_district"]
