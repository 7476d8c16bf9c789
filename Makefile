# representord: build, test, install. `make help` lists what there is.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := build
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# sudo and cron drop Go's usual place, and the place of servers, from the PATH.
export PATH := $(PATH):/usr/local/go/bin:/usr/sbin:/sbin
GO ?= $(or $(shell command -v go),/usr/local/go/bin/go)
# GOARCH=arm64 make build cross-compiles; everything else is for this machine.
HOST_ARCH := $(shell $(GO) env GOHOSTARCH)
GOARCH ?= $(HOST_ARCH)
unexport GOARCH GOOS

BIN ?= bin
CACHE := .cache
RESULTS := $(CACHE)/results
VERSION ?= $(shell packaging/version)
COMMIT ?= $(shell packaging/version commit)

# make install. A Debian package sets PREFIX=/usr.
DESTDIR ?=
PREFIX ?= /usr/local
SYSCONFDIR ?= /etc
SBINDIR ?= $(PREFIX)/sbin
BINDIR ?= $(PREFIX)/bin
UNITDIR ?= $(PREFIX)/lib/systemd/system
DATADIR ?= $(PREFIX)/share

# Time limits of the parts of the suite, and of each fuzz target in test-full.
UNIT_TIMEOUT ?= 10m
E2E_SECONDS ?= 2400
FUZZ_TIME ?= 60s

# vet, the programs and the tests for the virtual machine are compiled with the same flags, so that what
# they have in common is compiled once.
STATIC_BUILD = CGO_ENABLED=0 GOOS=linux GOARCH=$(GOARCH) $(GO) build -trimpath -buildvcs=false \
	-ldflags '-s -w -X main.version=$(VERSION) -X main.commit=$(COMMIT)'
SUMMARY := $(CACHE)/bin/summary -results $(RESULTS)
GOLANGCI_LINT := $(CACHE)/bin/golangci-lint
NFPM ?= $(CACHE)/bin/nfpm
SBOM ?= $(CACHE)/bin/cyclonedx-gomod
DPUSIM := $(CACHE)/dpusim/dpusim.ko
PCISIM := $(CACHE)/pcisim/pcisim.ko

.PHONY: build
build: ## static programs in bin/ (GOARCH=arm64 for the DPU's Arm cores)
	@mkdir -p $(BIN)
	$(STATIC_BUILD) -o $(BIN)/ ./cmd/...

.PHONY: help
help: ## this list
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

##### Tests

.PHONY: test
test: setup vet build build-arm64 ## below 20 minutes: what a change must pass
	@rm -rf $(RESULTS)
	@for part in unit e2e; do $(MAKE) --no-print-directory test-$$part || true; done
	@$(SUMMARY) -total unit e2e

.PHONY: test-full
test-full: setup vet build build-arm64 ## make test, longer scenarios, more random cases, fuzzing, other releases of Debian
	@rm -rf $(RESULTS)
	@for part in unit properties fuzz packages; do $(MAKE) --no-print-directory test-$$part UNIT_TAGS=full || true; done
	@$(MAKE) --no-print-directory test-e2e E2E_TAGS=vm,full E2E_SECONDS=7200 || true
	@$(MAKE) --no-print-directory test-releases || true
	@$(SUMMARY) -total unit properties fuzz packages e2e $(RELEASES:%=e2e-%)

.PHONY: setup
setup:
	@echo '== setup: what the tests need from Debian'
	@test/setup

.PHONY: vet
vet:
	@echo '== vet: all packages, also the parts that run in the virtual machine only'
	CGO_ENABLED=0 $(GO) vet -trimpath -tags vm,full,packages ./...

.PHONY: build-arm64
build-arm64:
	@$(MAKE) --no-print-directory build GOARCH=arm64 BIN=$(CACHE)/arm64

.PHONY: summary
summary:
	@mkdir -p $(CACHE)/bin
	@$(GO) build -buildvcs=false -o $(CACHE)/bin/summary ./test/summary

# Four at once on whatever machine: those that run beside others wait for servers, most of the time.
UNIT_TAGS ?=
.PHONY: test-unit
test-unit: summary ## all packages with the race detector, against real servers
	@echo '== unit: all packages, race detector on (the first run compiles for a few minutes)'
	@$(SUMMARY) -part unit -- $(GO) test -json -race -tags '$(UNIT_TAGS)' -count=1 -shuffle=on -parallel 4 -timeout $(UNIT_TIMEOUT) ./...

E2E_TAGS ?= vm
.PHONY: test-e2e
test-e2e: summary build nonetlink dpusim pcisim ## what needs the virtual DPU: the programs end to end, devlink on a real kernel
	@echo '== e2e: the virtual DPU, emulated by QEMU'
	@$(SUMMARY) -part e2e -each -- test/vm-tests $(E2E_TAGS) $(E2E_SECONDS) $(DPUSIM) $(PCISIM)

# Roots of Debian and their kernels are unpacked into .cache/roots, once: some minutes and 2 GB each.
RELEASES ?= bookworm-amd64 trixie-amd64 sid-amd64
.PHONY: test-releases
test-releases: setup summary build ## the same tests on the releases of Debian in use; RELEASES=SUITE-ARCH... chooses
	@test/releases $(E2E_TAGS) $(E2E_SECONDS) $(RELEASES)

.PHONY: test-arm64
test-arm64: build-arm64 ## the same tests with an Arm processor, emulated
	@$(MAKE) --no-print-directory test-releases RELEASES=bookworm-arm64

# The same run again for the same seed, as far as what is done goes.
SEED ?= 1
MINUTES ?= 5
WORLD ?= small
ONLY ?=
.PHONY: chaos
chaos: setup build dpusim ## everything fails at random on the virtual DPU; SEED=, MINUTES= and WORLD= choose how
	CGO_ENABLED=0 $(GO) test -c -trimpath -tags vm -o $(CACHE)/chaos.test ./test/chaos
	test/vm -m 4096 -t $$(($(MINUTES) * 60 + 300)) -k $(DPUSIM) -- env CHAOS_SEED=$(SEED) CHAOS_SECONDS=$$(($(MINUTES) * 60)) \
		CHAOS_TRAIL=$(TRAIL) CHAOS_WORLD=$(WORLD) CHAOS_ONLY=$(ONLY) \
		$(CACHE)/chaos.test -test.v -test.timeout $$(($(MINUTES) * 60 + 240))s -test.run '^TestChaos$$'

# Packages with properties draw 100 cases a property in make test.
.PHONY: test-properties
test-properties: summary
	@echo '== properties: 10,000 random cases for each'
	@$(SUMMARY) -part properties -- $(GO) test -json -count=1 -timeout 60m \
		$$(grep -rl --include='*_test.go' '"pgregory.net/rapid"' . | xargs -n 1 dirname | sort -u) -rapid.checks=10000

.PHONY: test-fuzz
test-fuzz: summary
	@echo '== fuzz: $(FUZZ_TIME) for each target'
	@$(SUMMARY) -part fuzz -each -- test/fuzz $(FUZZ_TIME)

.PHONY: test-packages
test-packages: summary packages ## what is in the packages, lintian, and that they are built with the same bytes again
	@test/setup lintian rpm dpkg-dev cpio
	@echo '== packages: built again elsewhere, with a cache of its own, and looked into (some minutes)'
	@$(SUMMARY) -part packages -each -- env $(PACKAGING) $(GO) test -json -tags packages -count=1 -timeout 60m ./test/packages

.PHONY: bench
bench: setup build ## benchmarks, with memory figures
	$(GO) test -run '^$$' -bench . -benchmem -count=1 -timeout 30m \
		$$(grep -rlE --include='*_test.go' '^func Benchmark' . | xargs -n 1 dirname | sort -u)

##### The virtual DPU

.PHONY: dpusim
dpusim:
	@$(MAKE) --no-print-directory -C test/dpusim

.PHONY: pcisim
pcisim:
	@$(MAKE) --no-print-directory -C test/pcisim

# What starts an ovn-controller as the drop-in has it, where there is no systemd.
.PHONY: nonetlink
nonetlink:
	@mkdir -p $(CACHE)/bin
	@CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -o $(CACHE)/bin/nonetlink ./test/nonetlink

.PHONY: demo
demo: setup build nonetlink dpusim pcisim ## from a VF on a virtual hypervisor to its port on a virtual DPU, as a transcript
	@echo '== demo: booting a virtual machine that plays hypervisor and DPU (all of it takes about half a minute)'
	@test/vm -m 2048 -k $(DPUSIM) -k $(PCISIM) -- test/demo

.PHONY: demo-shell
demo-shell: setup build nonetlink dpusim pcisim ## the same machine, with a shell on this terminal
	@echo '== demo: booting a virtual machine that plays hypervisor and DPU (the shell comes after about half a minute)'
	@test/vm -i -m 2048 -k $(DPUSIM) -k $(PCISIM) test/demo shell

.PHONY: drawings
drawings: setup build nonetlink dpusim ## make the drawings in docs/drawings again, of a virtual DPU
	@mkdir -p docs/drawings
	@test/vm -m 2048 -t 600 -k $(DPUSIM) -o docs/drawings -- test/drawings

.PHONY: transcripts
transcripts: setup build nonetlink dpusim pcisim ## make the transcripts in docs/troubleshooting.md again, of a virtual DPU
	@mkdir -p $(CACHE)
	@CGO_ENABLED=0 $(GO) test -c -tags vm,full -o $(CACHE)/e2e.test ./test/e2e
	@test/vm -m 2048 -k $(DPUSIM) -k $(PCISIM) -o docs -- env TRANSCRIPTS=/run/out/troubleshooting.md \
		$(CACHE)/e2e.test -test.v -test.run '^TestTroubleshooting$$'

##### Style

$(GOLANGCI_LINT): tools/go.mod tools/go.sum
	@echo '== building golangci-lint (some minutes, once)'
	@mkdir -p $(@D)
	$(GO) build -C tools -buildvcs=false -o $(CURDIR)/$@ github.com/golangci/golangci-lint/v2/cmd/golangci-lint

.PHONY: lint
lint: $(GOLANGCI_LINT) ## go.mod is tidy, golangci-lint and shellcheck
	@test/setup shellcheck
	@echo '== lint: go.mod'
	$(GO) mod tidy -diff
	@echo '== lint: Go'
	@$(GOLANGCI_LINT) run ./...
	@echo '== lint: shell scripts'
	shellcheck $$(grep -rlE --exclude='*.go' '^#!/(usr/)?bin/(env )?(ba|busybox )?sh' .ci packaging test)

.PHONY: fmt
fmt: $(GOLANGCI_LINT) ## format the Go code
	@$(GOLANGCI_LINT) fmt ./...

##### Installing

# The programs for people, beside the daemon.
CLIENTS := representorctl vf-reporter

# Completions come from a program that runs here, whatever machine is installed for.
.PHONY: completions
completions:
	@mkdir -p $(CACHE)/completions
	@$(MAKE) --no-print-directory build GOARCH=$(HOST_ARCH) BIN=$(CACHE)/host >/dev/null
	@for program in $(CLIENTS); do \
		$(CACHE)/host/$$program completion bash >$(CACHE)/completions/$$program; \
		$(CACHE)/host/$$program completion zsh >$(CACHE)/completions/_$$program; \
	done

BASH_COMPLETIONS := $(DATADIR)/bash-completion/completions
ZSH_COMPLETIONS := $(DATADIR)/zsh/site-functions
MAN_PAGES := $(notdir $(wildcard docs/man/*.8))
# For other programs: alert rules for Prometheus, with their test, and a dashboard for Grafana.
MONITORING := $(DATADIR)/representord/monitoring
MONITORING_FILES := $(notdir $(wildcard docs/monitoring/*))
# What ovn-controller's unit gets.
DROP_IN := $(UNITDIR)/ovn-controller.service.d/50-representord.conf

.PHONY: install
install: build completions ## install below DESTDIR and PREFIX; an existing configuration is kept
	install -d '$(DESTDIR)$(SBINDIR)' '$(DESTDIR)$(BINDIR)' '$(DESTDIR)$(UNITDIR)' '$(DESTDIR)$(SYSCONFDIR)/representord' \
		'$(DESTDIR)$(SYSCONFDIR)/default' '$(DESTDIR)$(dir $(DROP_IN))' \
		'$(DESTDIR)$(DATADIR)/man/man8' '$(DESTDIR)$(BASH_COMPLETIONS)' '$(DESTDIR)$(ZSH_COMPLETIONS)' \
		'$(DESTDIR)$(MONITORING)'
	install -m 755 $(BIN)/representord '$(DESTDIR)$(SBINDIR)/'
	install -m 755 $(addprefix $(BIN)/,$(CLIENTS)) '$(DESTDIR)$(BINDIR)/'
	sed -e 's|/usr/sbin/representord|$(SBINDIR)/representord|g' -e 's|/etc/default/|$(SYSCONFDIR)/default/|g' \
		systemd/representord.service >'$(DESTDIR)$(UNITDIR)/representord.service'
	chmod 644 '$(DESTDIR)$(UNITDIR)/representord.service'
	install -m 644 systemd/ovn-controller.conf '$(DESTDIR)$(DROP_IN)'
	install -m 644 systemd/no-generic-netlink.bpf '$(DESTDIR)$(DATADIR)/representord/'
	[ -e '$(DESTDIR)$(SYSCONFDIR)/representord/representord.yaml' ] || \
		install -m 644 systemd/representord.yaml '$(DESTDIR)$(SYSCONFDIR)/representord/'
	[ -e '$(DESTDIR)$(SYSCONFDIR)/default/representord' ] || \
		install -m 644 systemd/representord.default '$(DESTDIR)$(SYSCONFDIR)/default/representord'
	install -m 644 $(addprefix docs/man/,$(MAN_PAGES)) '$(DESTDIR)$(DATADIR)/man/man8/'
	install -m 644 $(addprefix $(CACHE)/completions/,$(CLIENTS)) '$(DESTDIR)$(BASH_COMPLETIONS)/'
	install -m 644 $(addprefix $(CACHE)/completions/_,$(CLIENTS)) '$(DESTDIR)$(ZSH_COMPLETIONS)/'
	install -m 644 $(addprefix docs/monitoring/,$(MONITORING_FILES)) '$(DESTDIR)$(MONITORING)/'

.PHONY: uninstall
uninstall: ## remove what install put there; the configuration stays
	rm -f '$(DESTDIR)$(SBINDIR)/representord' '$(DESTDIR)$(UNITDIR)/representord.service' \
		'$(DESTDIR)$(DROP_IN)' \
		$(foreach page,$(MAN_PAGES),'$(DESTDIR)$(DATADIR)/man/man8/$(page)') \
		'$(DESTDIR)$(DATADIR)/representord/no-generic-netlink.bpf' \
		$(foreach file,$(MONITORING_FILES),'$(DESTDIR)$(MONITORING)/$(file)') \
		$(foreach program,$(CLIENTS),'$(DESTDIR)$(BINDIR)/$(program)' \
			'$(DESTDIR)$(BASH_COMPLETIONS)/$(program)' '$(DESTDIR)$(ZSH_COMPLETIONS)/_$(program)')
	rmdir '$(DESTDIR)$(MONITORING)' '$(DESTDIR)$(DATADIR)/representord' \
		'$(DESTDIR)$(dir $(DROP_IN))' 2>/dev/null || true

##### Packages

DIST ?= dist
# Who answers for the packages.
MAINTAINER ?= The representord authors <representord@users.noreply.github.com>
# The time that files in packages have.
SOURCE_DATE_EPOCH ?= $(shell packaging/version time)

# What packaging/build is told, and its test.
PACKAGING = DIST='$(abspath $(DIST))' WORK='$(abspath $(CACHE)/packages)' VERSION='$(VERSION)' COMMIT='$(COMMIT)' \
	SOURCE_DATE_EPOCH='$(SOURCE_DATE_EPOCH)' MAINTAINER='$(MAINTAINER)' GO='$(GO)' MAKE='$(MAKE)' \
	NFPM='$(abspath $(NFPM))' SBOM='$(abspath $(SBOM))'

# A module of their own: nfpm and golangci-lint need other versions of the same modules.
$(NFPM) $(SBOM) &: tools/packages/go.mod tools/packages/go.sum
	@echo '== building nfpm and cyclonedx-gomod (some minutes, once)'
	@mkdir -p $(@D)
	$(GO) build -C tools/packages -trimpath -buildvcs=false -o $(abspath $(NFPM)) github.com/goreleaser/nfpm/v2/cmd/nfpm
	$(GO) build -C tools/packages -trimpath -buildvcs=false -o $(abspath $(SBOM)) github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

.PHONY: packages
packages: $(NFPM) $(SBOM) ## .deb and .rpm for amd64 and arm64, with SBOMs and checksums, in dist/
	@echo '== packages: representord $(VERSION), in $(DIST)'
	@$(PACKAGING) packaging/build

.PHONY: clean
clean: ## remove what was built
	rm -rf bin dist $(CACHE)
