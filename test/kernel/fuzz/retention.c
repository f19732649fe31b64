/*-------------------------------------------------------------------------
 *
 * retention.c
 *		The setting cryptoanalytics.retention, set to any text.
 *
 * If the text is accepted, each timeframe has no period, or one from an hour to
 * 100,000 weeks.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include "utils/guc.h"
#include "utils/timestamp.h"

#include "base/timeframe.h"

extern Datum ca_retention_period(PG_FUNCTION_ARGS);

static void
set_retention(const uint8 *data, size_t size)
{
	char *setting = pnstrdup((const char *) data, size);

	SetConfigOption("cryptoanalytics.retention", setting, PGC_USERSET,
					PGC_S_SESSION);
	for (int i = 0; i < CA_TIMEFRAMES; i++)
	{
		const char *code = ca_timeframe_by_index(i)->code;
		Datum argument = PointerGetDatum(exact_text(code, strlen(code)));
		Datum result;

		if (call(ca_retention_period, 1, &argument, &result))
		{
			Interval *period = DatumGetIntervalP(result);
			int64 hours =
				period->day * INT64CONST(24) + period->time / USECS_PER_HOUR;

			require(period->month == 0 && hours >= 1 &&
					hours <= INT64CONST(100000) * 7 * 24);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	if (is_text(data, size))
		parse(set_retention, data, size);
	return 0;
}
