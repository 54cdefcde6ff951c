# Each target is a task of make.py, which needs nothing but Python 3.11 or newer.
PYTHON ?= python3

.PHONY: demo test test-all bench lint format lock docs pictures clean
demo test test-all bench lint format lock docs pictures clean:
	@$(PYTHON) make.py $@ $(ARGS)
