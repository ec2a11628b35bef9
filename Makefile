# SPDX-License-Identifier: Apache-2.0
# A thin front of meson and ninja: what to type. Everything else is in meson.build.

BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=
MESON_FLAGS ?=
SECONDS ?= 60

# Where Debian's linker and pkg-config look. Meson knows it only with dpkg-dev, and else takes lib64,
# where they don't. Looked up late: tools/deps may first install the compiler.
multiarch = $(shell cc -print-multiarch 2>/dev/null)
LIBDIR ?= $(if $(multiarch),$(if $(wildcard /usr/lib/$(multiarch)),lib/$(multiarch)))
LOG = $(BUILD)/meson-logs/install-log.txt

.PHONY: all run test check test-engines test-vm bench fuzz install uninstall clean help

all: $(BUILD)/build.ninja ## build inro and the library
	@ninja -C $(BUILD)

run: all ## start a first container, which shows what it is
	@$(BUILD)/src/inro run --quiet --hostname box --report -e INRO=$(BUILD)/src/inro -- sh -c "$$(cat examples/hello.sh)"

test: ## build in every way and run all tests
	@tools/deps build test check
	@tests/run

check: ## the quick tests: checks of the sources, unit tests
	@tools/deps build test check
	@tests/run --quick

bench: all ## set inro beside the floor and its peers
	@tools/deps build bench
	@bench/run.py --build $(BUILD)

fuzz: ## run the fuzz targets, each for SECONDS (60)
	@tools/deps build fuzz
	@tests/fuzz/run $(SECONDS)

test-vm: all ## the tests that need other kernels, cgroup v2 alone or all capabilities
	@tools/deps build vm engines
	@tests/vm/cgroup_v2 $(BUILD)/src/inro
	@tests/vm/oci_v2 $(BUILD)/src/oci/inro-oci
	@tests/vm/oci_systemd $(BUILD)/src/oci/inro-oci $(BUILD)/src/oci/inro-oci-systemd
	@tests/vm/podman $(BUILD)/src/oci/inro-oci $(BUILD)/src/oci/inro-oci-systemd
	@tests/vm/containerd $(BUILD)/src/oci/inro-oci $(BUILD)/src/oci/inro-oci-systemd

test-engines: all ## the tests with Podman and containerd, in a Debian tree that is made once
	@tools/deps build engines
	@tests/engines/run

install: all ## install below PREFIX (/usr/local), into DESTDIR
	@meson configure $(BUILD) --prefix '$(PREFIX)' $(if $(LIBDIR),--libdir '$(LIBDIR)')
	@DESTDIR='$(DESTDIR)' meson install -C $(BUILD)
	@cp $(LOG) $(BUILD)/installed.txt

# By a copy of the list: the tests install, too, into a directory of their own.
uninstall: ## remove what install has installed
	@test -e $(BUILD)/installed.txt || { echo "$(BUILD) knows of nothing that make install has installed"; exit 1; }
	@cp $(BUILD)/installed.txt $(LOG)
	@ninja -C $(BUILD) uninstall
	@rm $(BUILD)/installed.txt

clean: ## remove all build directories
	rm -rf build build-*

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

$(BUILD)/build.ninja:
	@tools/deps build
	@meson setup --prefix '$(PREFIX)' -Dtests=false $(MESON_FLAGS) $(BUILD)
