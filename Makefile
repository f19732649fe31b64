# cryptoanalytics: build, install and test like any PGXS extension.

EXTENSION = cryptoanalytics
EXTVERSION = $(shell sed -n "s/^default_version *= *'\(.*\)'/\1/p" cryptoanalytics.control)

MODULE_big = cryptoanalytics
OBJS = \
	src/module.o \
	src/validate.o \
	src/exactsum.o \
	src/decimal.o \
	src/numeric.o \
	src/numeric_price.o \
	src/numeric_small.o \
	src/wide.o \
	src/timeframe.o \
	src/reader.o \
	src/setting.o \
	src/candle/candlestick.o \
	src/candle/compact.o \
	src/candle/candlestick_state.o \
	src/candle/candlestick_agg.o \
	src/candle/candlestick_value.o \
	src/candle/cover.o \
	src/candle/partial.o \
	src/candle/rollup_build.o \
	src/candle/rollup_filter.o \
	src/candle/rollup_group.o \
	src/candle/rollup_groups.o \
	src/candle/rollup_segment.o \
	src/candle/rollup_spill.o \
	src/candle/rollup_read.o \
	src/candle/rollup_write.o \
	src/candle/rollup.o \
	src/indicators/sma.o \
	src/indicators/ema.o \
	src/indicators/rsi.o \
	src/indicators/macd.o \
	src/indicators/bollinger.o \
	src/indicators/atr.o \
	src/indicators/adx.o \
	src/indicators/stochastic.o \
	src/indicators/vwap.o \
	src/indicators/obv.o \
	src/indicators/stream.o \
	src/indicators/engine.o \
	src/indicators/columns.o \
	src/indicators/columns_avx2.o \
	src/indicators/kernels_avx2.o \
	src/indicators/machine.o \
	src/indicators/block.o \
	src/indicators/parameters.o \
	src/indicators/spec.o \
	src/indicators/spec_values.o \
	src/indicators/own_keys.o \
	src/indicators/batch.o \
	src/indicators/series_rows.o \
	src/indicators/series.o \
	src/indicators/aggregates.o \
	src/accounts/lockout.o \
	src/archive/once.o \
	src/archive/retention.o \
	src/maintenance/settings.o \
	src/maintenance/transaction.o \
	src/import/number.o \
	src/import/element.o \
	src/import/start.o \
	src/import/ohlcv.o \
	src/segment/bitpack.o \
	src/segment/blocks.o \
	src/segment/unit.o \
	src/segment/series.o \
	src/segment/prices.o \
	src/segment/numbers.o \
	src/segment/encode.o \
	src/segment/decode.o \
	src/segment/payload.o \
	src/segment/pack.o \
	src/segment/rows.o \
	src/segment/store.o \
	src/segment/merge.o \
	src/segment/compress.o \
	src/segment/change.o \
	src/segment/bounds.o \
	src/segment/read_plan.o \
	src/segment/read.o \
	src/segment/fdw_condition.o \
	src/segment/fdw_size.o \
	src/segment/fdw_path.o \
	src/segment/loaded.o \
	src/segment/fdw_scan.o \
	src/segment/fdw.o \
	src/segment/scan.o \
	src/scoring/state.o \
	src/scoring/error_kernel.o \
	src/scoring/errors.o \
	src/scoring/median_kernel.o \
	src/scoring/medae.o \
	src/scoring/probability_kernel.o \
	src/scoring/probability.o \
	src/scoring/sharpe.o \
	src/scoring/gap_kernel.o \
	src/scoring/closes.o \
	src/scoring/closes_at.o \
	src/scoring/closes_read.o \
	src/trust/drop_guard.o \
	src/trust/schema_guard.o \
	src/trust/row_user.o

# the parts of the install script, in the order in which they build on each other
SQL_PARTS = \
	sql/functions/decimals.sql \
	sql/functions/timeframe.sql \
	sql/functions/candlestick.sql \
	sql/functions/candlestick_agg.sql \
	sql/functions/indicators.sql \
	sql/functions/indicators_range.sql \
	sql/functions/indicators_volume.sql \
	sql/functions/indicators_convention.sql \
	sql/functions/errors.sql \
	sql/functions/errors_numeric.sql \
	sql/schema/types.sql \
	sql/schema/touch.sql \
	sql/schema/users.sql \
	sql/schema/market.sql \
	sql/schema/segments.sql \
	sql/schema/locks.sql \
	sql/schema/models.sql \
	sql/schema/macro.sql \
	sql/schema/sectors.sql \
	sql/schema/signals.sql \
	sql/schema/portfolios.sql \
	sql/schema/operations.sql \
	sql/schema/views.sql \
	sql/functions/checks.sql \
	sql/functions/rules.sql \
	sql/functions/accounts.sql \
	sql/functions/candles.sql \
	sql/functions/technical_indicators.sql \
	sql/functions/by_symbol.sql \
	sql/functions/locks.sql \
	sql/functions/segments.sql \
	sql/functions/partial_candles.sql \
	sql/functions/rollup.sql \
	sql/functions/import.sql \
	sql/functions/archive.sql \
	sql/functions/moving.sql \
	sql/functions/compression.sql \
	sql/functions/predictions.sql \
	sql/functions/score_predictions.sql \
	sql/functions/indicator_states.sql \
	sql/functions/segment_notes.sql \
	sql/functions/indicator_batches.sql \
	sql/functions/update_technical_indicators.sql \
	sql/functions/positions.sql \
	sql/functions/watchlists.sql \
	sql/functions/notifications.sql \
	sql/functions/recommendations.sql \
	sql/functions/trading_signals.sql \
	sql/functions/alerts.sql \
	sql/functions/alert_checks.sql \
	sql/functions/model_versions.sql \
	sql/functions/background_tasks.sql \
	sql/functions/roll_up_logs.sql \
	sql/functions/prune_api_logs.sql \
	sql/functions/system_health.sql \
	sql/functions/assets.sql \
	sql/functions/series_reports.sql \
	sql/functions/maintenance.sql \
	sql/functions/maintain.sql \
	sql/functions/drop_guard.sql \
	sql/functions/schema_guard.sql \
	sql/functions/row_security.sql \
	sql/functions/roles.sql \
	sql/functions/installed.sql \
	sql/functions/added_by_hand.sql

# What the upgrade from the version before does first, and what it drops last.  Between the two every
# part is replayed, so a changed function is written once.
CHANGES = \
	sql/changes/0.7.0/settings.sql \
	sql/changes/0.7.0/candles.sql \
	sql/changes/0.7.0/import.sql \
	sql/changes/0.7.0/archive.sql \
	sql/changes/0.7.0/indicators.sql \
	sql/changes/0.7.0/predictions.sql \
	sql/changes/0.7.0/models.sql \
	sql/changes/0.7.0/users.sql \
	sql/changes/0.7.0/signals.sql \
	sql/changes/0.7.0/positions.sql \
	sql/changes/0.7.0/operations.sql \
	sql/changes/0.7.0/roles.sql
GONE = sql/changes/0.7.0/gone.sql

# both are made; the upgrade is committed with the release, and older versions are installed through
# the chain of upgrades
FULL_SCRIPT = sql/$(EXTENSION)--$(EXTVERSION).sql
UPGRADE_SCRIPT = sql/$(EXTENSION)--0.6.0--$(EXTVERSION).sql
DATA = \
	sql/cryptoanalytics--0.1.0.sql \
	sql/cryptoanalytics--0.1.0--0.2.0.sql \
	sql/cryptoanalytics--0.2.0--0.3.0.sql \
	sql/cryptoanalytics--0.3.0--0.4.0.sql \
	sql/cryptoanalytics--0.4.0--0.5.0.sql \
	sql/cryptoanalytics--0.5.0--0.6.0.sql
DATA_built = $(UPGRADE_SCRIPT) $(FULL_SCRIPT)

PG_CPPFLAGS = -I$(srcdir)/src
# the double-double arithmetic needs every rounding as written
PG_CFLAGS = -std=gnu99 -ffp-contract=off
SHLIB_LINK = -lm

REGRESS = \
	upgrade \
	upgrade_prices \
	upgrade_logs \
	setup \
	numeric_to_double \
	timeframe \
	candlestick \
	indicators \
	indicators_range \
	indicators_volume \
	indicator_conventions \
	scoring_aggregates \
	candles \
	by_symbol \
	import \
	retention \
	archive \
	segments \
	update_technical_indicators \
	predictions \
	accounts \
	positions \
	watchlists \
	notifications \
	recommendations \
	trading_signals \
	alerts \
	model_versions \
	background_tasks \
	roll_up_logs \
	system_health \
	referrals \
	assets \
	series_reports \
	maintain \
	roles \
	settings \
	drop_guard
REGRESS_OPTS = --inputdir=test
ISOLATION = \
	rollup_twice \
	rollup_archiving \
	rollup_locked \
	archive_rollup \
	archive_twice \
	archive_insert \
	archive_by_hand \
	archive_snapshot \
	archive_locked \
	archive_looking \
	restore_archive \
	restore_insert \
	compress_twice \
	segments_serializable \
	compress_archive \
	compress_late \
	compress_read \
	import_twice \
	indicators_late \
	indicators_twice \
	indicators_import \
	score_twice \
	login_twice \
	positions_oversell \
	watchlist_limit \
	watchlist_moves \
	notifications_claim \
	recommendation_expiry \
	signal_execute \
	alerts_twice \
	alerts_locked \
	activate_twice \
	evaluate_twice \
	predict_twice \
	claim_twice \
	roll_up_logs_twice \
	roll_up_late \
	prune_late \
	prune_locked \
	session_delete_user \
	session_refresh_twice \
	session_purge \
	referrals_twice \
	assets_refresh \
	assets_access \
	maintain_twice \
	stranger_locks \
	drop_waits
# results and expected files at the top, like those of pg_regress
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

# PGXS does not follow includes
src/indicators/columns_avx2.o: src/indicators/columns.c
src/indicators/kernels_avx2.o: $(wildcard src/indicators/*.c)
$(OBJS): $(wildcard src/*.h src/*/*.h)

# ---- the scripts, joined from their parts ----

.PHONY: sql check-sql check-format format pgtap demo test

sql: $(DATA_built)

$(FULL_SCRIPT): $(SQL_PARTS) scripts/join-sql Makefile
	scripts/join-sql "CREATE EXTENSION $(EXTENSION)" --new $(SQL_PARTS) > $@.new
	mv $@.new $@

$(UPGRADE_SCRIPT): $(CHANGES) $(SQL_PARTS) $(GONE) scripts/join-sql Makefile
	scripts/join-sql "ALTER EXTENSION $(EXTENSION) UPDATE" --new $(CHANGES) --replayed $(SQL_PARTS) --new $(GONE) > $@.new
	mv $@.new $@

# released scripts must not change, and META.json must repeat the version of the control file, and the
# table of settings the settings
check-sql:
	test "$$(grep -c '"version": "$(EXTVERSION)"' META.json)" = 2
	cd sql && sha256sum --check --quiet --strict RELEASED
	sh scripts/check-settings

# ---- style ----

C_FILES = $(wildcard src/*.[ch] src/*/*.[ch] test/kernels/*.[ch] test/fuzz/*.[ch])
CLANG_FORMAT ?= clang-format

format:
	$(CLANG_FORMAT) -i $(C_FILES)

check-format:
	$(CLANG_FORMAT) --dry-run -Werror $(C_FILES)

# ---- tests beyond installcheck ----

# needs a database, named by PGDATABASE, with pgtap and the extension in it
pgtap:
	pg_prove --ext .sql test/pgtap

demo:
	scripts/demo

test:
	scripts/test
