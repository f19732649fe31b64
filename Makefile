# cryptoanalytics: build, install and test like any PGXS extension.

EXTENSION = cryptoanalytics
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" cryptoanalytics.control)

MODULE_big = cryptoanalytics
OBJS = $(patsubst %.c,%.o,$(sort $(wildcard src/*.c src/*/*.c src/*/*/*.c)))
# plain C: what computes and knows nothing of PostgreSQL, and is compiled without its headers
PLAIN = $(filter src/number/%,$(OBJS)) $(foreach dir,kernel codec,$(foreach o,$(OBJS),$(if $(findstring /$(dir)/,$o),$o)))

# sql/order names the parts of the install script in the order in which they build on each other
SQL_PARTS = $(shell sed 's/\#.*//' sql/order)
NEXT = sql/updates/next.sql
PREVIOUS = $(shell sed -n 's/^-- from //p' $(NEXT))

# Both are made. The upgrade is committed with the release; older versions are installed through
# the chain of upgrades.
FULL_SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
UPGRADE_SCRIPT = sql/$(EXTENSION)--$(PREVIOUS)--$(EXTVERSION).sql
# the commit of a release has its upgrade in both places
DATA = $(filter-out sql/releases/$(notdir $(UPGRADE_SCRIPT)),$(sort $(wildcard sql/releases/*.sql)))
DATA_built = $(UPGRADE_SCRIPT) $(FULL_SCRIPT)

PG_CPPFLAGS = -I$(srcdir)/src
# the double-double arithmetic needs every rounding as written
PG_CFLAGS = -std=gnu99 -ffp-contract=off
SHLIB_LINK = -lm

# upgrade works on a database of its own, setup makes the one of the others; those run in any order
REGRESS = upgrade upgrade_prices setup \
	$(filter-out upgrade upgrade_prices setup settings drop_guard,$(basename $(notdir $(sort $(wildcard test/sql/*.sql))))) \
	settings drop_guard
REGRESS_OPTS = --inputdir=test
ISOLATION = $(basename $(notdir $(sort $(wildcard test/specs/*.spec))))
# results at the top, like those of pg_regress
ISOLATION_OPTS = --inputdir=test --outputdir=.

PG_CONFIG ?= pg_config
PGXS := $(shell $(PG_CONFIG) --pgxs)
include $(PGXS)

# the bitcode that the server may inline needs it too
BITCODE_CFLAGS += -ffp-contract=off

# 32-bit x86 has an older unit too, which computes with more digits than a double has; gcc still
# converts 64-bit integers there, and rounds them only where they are stored
ifneq ($(filter i386 i486 i586 i686,$(host_cpu)),)
override CFLAGS += -msse2 -mfpmath=sse -ffloat-store
BITCODE_CFLAGS += -msse2 -mfpmath=sse
endif

$(PLAIN) $(PLAIN:.o=.bc): override CPPFLAGS = $(PG_CPPFLAGS)

# PGXS does not follow includes
src/indicators/kernel/columns_avx2.o: src/indicators/kernel/columns.c
src/indicators/kernel/kernels_avx2.o: $(wildcard src/indicators/kernel/*.c)
$(OBJS): $(wildcard src/*/*.h src/*/*/*.h)

# ---- the scripts, joined from their parts ----

.PHONY: sql check-sql check-includes check-format format pgtap demo test

sql: $(DATA_built)

$(FULL_SCRIPT): $(SQL_PARTS) sql/order scripts/join-sql
	scripts/join-sql "CREATE EXTENSION $(EXTENSION)" --new $(SQL_PARTS) > $@.new
	mv $@.new $@

$(UPGRADE_SCRIPT): $(NEXT) $(SQL_PARTS) sql/order scripts/join-sql
	scripts/join-sql "ALTER EXTENSION $(EXTENSION) UPDATE" --before $(NEXT) --replayed $(SQL_PARTS) --after $(NEXT) > $@.new
	mv $@.new $@

UNNAMED = $(filter-out $(SQL_PARTS),$(wildcard sql/tables/*.sql sql/functions/*/*.sql))

# released scripts must not change, META.json must repeat the version of the control file, the table
# of settings the settings, and sql/order must name every part
check-sql:
	test "$$(grep -c '"version": "$(EXTVERSION)"' META.json)" = 2
	cd sql/releases && sha256sum --check --quiet --strict RELEASED
	@test -z "$(UNNAMED)" || { echo "sql/order lacks $(UNNAMED)" >&2; exit 1; }
	sh scripts/check-settings

# ---- style ----

C_FILES = $(wildcard src/*.[ch] src/*/*.[ch] src/*/*/*.[ch] test/kernel/*/*.[ch] bench/kernels/*.[ch])
CLANG_FORMAT ?= clang-format

format:
	$(CLANG_FORMAT) -i $(C_FILES)

check-includes:
	sh scripts/check-includes

check-format:
	$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

# ---- tests beyond installcheck ----

# needs a database, named by PGDATABASE, with pgtap and the extension in it
pgtap:
	pg_prove --ext .sql test/laws

demo:
	scripts/demo

test:
	scripts/test
