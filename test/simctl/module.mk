# SPDX-License-Identifier: GPL-2.0
# Builds the simulator MODULE, in whose folder make runs, as .cache/MODULE/MODULE.ko
# for the kernel that test/vm runs. The build is one of copies of the sources, its own
# and those here: nothing is left among them.
RELEASE ?= $(shell ../vm kernel)
HEADERS ?= /usr/src/linux-headers-$(RELEASE)
CACHE := $(abspath ../../.cache/$(MODULE))
BUILD := $(CACHE)/$(RELEASE)
SOURCES := Kbuild $(wildcard *.c *.h ../simctl/*.c ../simctl/*.h)

# A lock, because two suites may be started at once.
.PHONY: all
all:
	@mkdir -p '$(BUILD)'
	@flock '$(CACHE)/lock' $(MAKE) --no-print-directory CACHE='$(CACHE)' module

.PHONY: module
module: $(CACHE)/$(MODULE).ko
	@: # or make says that there is nothing to do

$(CACHE)/$(MODULE).ko: $(BUILD)/$(MODULE).ko
	@cp '$<' '$@'

$(BUILD)/$(MODULE).ko: $(SOURCES) Makefile ../simctl/module.mk
	@[ -e '$(HEADERS)/Makefile' ] || { echo 'no kernel headers in $(HEADERS): apt-get install linux-headers-amd64' >&2; exit 1; }
	@cp $(SOURCES) '$(BUILD)/'
	@$(MAKE) --no-print-directory -C '$(HEADERS)' M='$(BUILD)' CONFIG_DEBUG_INFO_BTF_MODULES= modules >'$(BUILD)/log' 2>&1 || { cat '$(BUILD)/log' >&2; exit 1; }

.PHONY: clean
clean:
	rm -rf '$(CACHE)'
