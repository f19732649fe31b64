/*-------------------------------------------------------------------------
 *
 * regime.c
 *		The settings of the market's regime: how votes are cast and counted, and
 *		what is a breakout.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "settings/options.h"
#include "settings/regime.h"
#include "settings/setting.h"

static const char *agree_regime(const double *values);

/* what the sizes and bands mean is in docs/guide/layers.md */
static const CaOption regime_options[] = {
	{"threshold", CA_OPTION_NUMBER, 0.33, 0.05, 0.95},
	{"smoothing", CA_OPTION_WHOLE, 7, 1, 60},
	{"min_votes", CA_OPTION_WHOLE, 6, 1, 12},
	{"price_band", CA_OPTION_NUMBER, 0.02, 0, 0.5},
	{"slope_bars", CA_OPTION_WHOLE, 20, 1, 200},
	{"slope_band", CA_OPTION_NUMBER, 0.01, 0, 0.5},
	{"cross_band", CA_OPTION_NUMBER, 0.01, 0, 0.5},
	{"total_band", CA_OPTION_NUMBER, 0.02, 0, 0.5},
	{"dollar_band", CA_OPTION_NUMBER, 0.01, 0, 0.5},
	{"adx", CA_OPTION_NUMBER, 25, 0, 100},
	{"drawdown_bars", CA_OPTION_WHOLE, 365, 90, 5000},
	{"drawdown_bull", CA_OPTION_NUMBER, 0.20, 0, 1},
	{"drawdown_bear", CA_OPTION_NUMBER, 0.35, 0, 1},
	{"momentum_bars", CA_OPTION_WHOLE, 90, 10, 1000},
	{"momentum_band", CA_OPTION_NUMBER, 0.5, 0, 5},
	{"rsi_low", CA_OPTION_NUMBER, 45, 0, 100},
	{"rsi_high", CA_OPTION_NUMBER, 55, 0, 100},
	{"volatility_bars", CA_OPTION_WHOLE, 30, 5, 365},
	{"rank_bars", CA_OPTION_WHOLE, 365, 90, 5000},
	{"volatility_low", CA_OPTION_NUMBER, 0.2, 0, 1},
	{"volatility_high", CA_OPTION_NUMBER, 0.8, 0, 1},
	{"breadth_low", CA_OPTION_NUMBER, 0.4, 0, 1},
	{"breadth_high", CA_OPTION_NUMBER, 0.6, 0, 1},
	{"sentiment_low", CA_OPTION_NUMBER, 45, 0, 100},
	{"sentiment_high", CA_OPTION_NUMBER, 55, 0, 100},
	{"min_spells", CA_OPTION_WHOLE, 3, 1, 100},
	{"weight.price_vs_sma200", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.sma200_slope", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.sma50_vs_sma200", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.adx_direction", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.drawdown", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.momentum", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.rsi", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.volatility", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.breadth", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.total_trend", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.sentiment", CA_OPTION_NUMBER, 1, 0, 10},
	{"weight.dollar", CA_OPTION_NUMBER, 1, 0, 10},
	{NULL}};

/* pairs of which the second must be greater */
static const char *const regime_pairs[][2] = {
	{"drawdown_bull", "drawdown_bear"},
	{"rsi_low", "rsi_high"},
	{"volatility_low", "volatility_high"},
	{"breadth_low", "breadth_high"},
	{"sentiment_low", "sentiment_high"}};

static const CaOption breakout_options[] = {
	{"bars", CA_OPTION_WHOLE, 20, 5, 500},
	{"volume", CA_OPTION_NUMBER, 0.5, 0, 10},
	{"retest_bars", CA_OPTION_WHOLE, 10, 1, 100},
	{"tolerance", CA_OPTION_NUMBER, 0.005, 0, 0.1},
	{"expansion_bars", CA_OPTION_WHOLE, 20, 5, 500},
	{"expansion", CA_OPTION_WORD, 0, .words = "atr|bollinger"},
	{"wing", CA_OPTION_WHOLE, 5, 1, 50},
	{"divergence_bars", CA_OPTION_WHOLE, 100, 20, 5000},
	{"divergence_recent", CA_OPTION_WHOLE, 30, 1, 1000},
	/* 1h, 4h and 1d */
	{"timeframes", CA_OPTION_WORDS, 1 << 5 | 1 << 7 | 1 << 11,
	 .words = "1m|3m|5m|15m|30m|1h|2h|4h|6h|8h|12h|1d|3d|1w|1M"},
	{"levels", CA_OPTION_WHOLE, 8, 0, 50},
	{"level_bars", CA_OPTION_WHOLE, 200, 3, 5000},
	{"level_wing", CA_OPTION_WHOLE, 2, 1, 100},
	{"level_tolerance", CA_OPTION_NUMBER, 0.5, 0, 100},
	{"trend_touches", CA_OPTION_WHOLE, 3, 2, 20},
	{NULL}};

static CaSetting regime = {
	.name = "cryptoanalytics.regime",
	.description = "How the votes on the market's regime are cast and counted.",
	.details = "A list such as threshold=0.4,weight.rsi=0. A key that is not "
			   "named keeps its default.",
	.initial = "",
	.read = ca_read_options,
	.hint = CA_OPTIONS_HINT,
	.suspends = true,
	.options = regime_options,
	.agree = agree_regime,
};

static CaSetting breakout = {
	.name = "cryptoanalytics.breakout",
	.description = "What analyses of the market take for a breakout.",
	.details = "A list such as bars=55,expansion=bollinger. A key that is not "
			   "named keeps its default.",
	.initial = "",
	.read = ca_read_options,
	.hint = CA_OPTIONS_HINT,
	.suspends = true,
	.options = breakout_options,
};

static double
regime_value(const double *values, const char *key)
{
	int i = 0;

	while (strcmp(regime_options[i].key, key) != 0)
		i++;
	return values[i];
}

static const char *
agree_regime(const double *values)
{
	for (int i = 0; i < lengthof(regime_pairs); i++)
		if (regime_value(values, regime_pairs[i][0]) >=
			regime_value(values, regime_pairs[i][1]))
			return psprintf(
				"The value of \"%s\" is not less than that of \"%s\".",
				regime_pairs[i][0], regime_pairs[i][1]);
	return NULL;
}

static bool
check_regime(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&regime, newval, source);
}

static bool
check_breakout(char **newval, void **extra, GucSource source)
{
	return ca_check_setting(&breakout, newval, source);
}

void
ca_define_regime_settings(void)
{
	ca_define_setting(&regime, PGC_USERSET, check_regime);
	ca_define_setting(&breakout, PGC_USERSET, check_breakout);
}
