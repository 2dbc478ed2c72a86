# The image of quern: built, published, saved. What is built otherwise is CMake's matter (CONTRIBUTING.md).
#
# The work is done by tools/image, which says what went wrong and what to do.

# docker, podman or buildah; by default whichever is there
ENGINE ?=
REGISTRY ?= docker.io
INDEX ?= $(shell id -un)
TAG ?= $(shell awk '/^project.quern/ { print $$3 }' CMakeLists.txt)
OUTPUT ?= build/quern-$(TAG).tar.zst
export ENGINE REGISTRY INDEX TAG OUTPUT

.DEFAULT_GOAL := help
.PHONY: help image publish save

help:
	@echo 'make image     builds quern:latest and quern:$(TAG)'
	@echo 'make publish   builds it, pushes it as $(REGISTRY)/$(INDEX)/quern:$(TAG), and prints its digest for the job file'
	@echo 'make save      builds it and writes it to $(OUTPUT), for a task that is the image of others'
	@echo
	@echo 'Each takes these, as in make publish REGISTRY=registry.example.com INDEX=team:'
	@echo '  ENGINE=docker|podman|buildah   what builds; by default whichever is there'
	@echo '  REGISTRY=$(REGISTRY) INDEX=$(INDEX) TAG=$(TAG) OUTPUT=$(OUTPUT)'
	@echo '  BASE=, SNAPSHOT=, ARCHIVE=, PACKAGE=   of what it is made: see Dockerfile and docs/image.md'
	@echo '  ENGINE_FLAGS=, BUILD_FLAGS=, PUSH_FLAGS=   handed to the engine, to its build, to its push'

image:
	tools/image build

publish: image
	tools/image publish

save: image
	tools/image save
