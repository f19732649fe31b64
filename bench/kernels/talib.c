/*-------------------------------------------------------------------------
 *
 * talib.c
 *		The 22 values of technical_indicators() from arrays, by TA-Lib.
 *
 *-------------------------------------------------------------------------
 */
#include <ta_libc.h>

#include "bars.h"

static int begin;
static int count;

static void
averages(const Bars *bars, double *out)
{
	static const int periods[] = {20, 50, 100, 200};
	int last = bars->count - 1;

	TA_RSI(0, last, bars->close, 7, &begin, &count, out);
	TA_RSI(0, last, bars->close, 14, &begin, &count, out);
	for (int i = 0; i < 4; i++)
	{
		TA_SMA(0, last, bars->close, periods[i], &begin, &count, out);
		TA_EMA(0, last, bars->close, periods[i], &begin, &count, out);
	}
}

static void
ranges(const Bars *bars, double *out)
{
	int last = bars->count - 1;

	TA_ATR(0, last, bars->high, bars->low, bars->close, 14, &begin, &count,
		   out);
	TA_ADX(0, last, bars->high, bars->low, bars->close, 14, &begin, &count,
		   out);
	TA_PLUS_DI(0, last, bars->high, bars->low, bars->close, 14, &begin, &count,
			   out);
	TA_MINUS_DI(0, last, bars->high, bars->low, bars->close, 14, &begin, &count,
				out);
}

int
main(int argc, char **argv)
{
	Bars bars = bars_make(argc, argv);
	int last = bars.count - 1;
	double *out[3];

	for (int i = 0; i < 3; i++)
		out[i] = bars_array(bars.count);
	if (TA_Initialize() != TA_SUCCESS)
		return 1;

	bars_start();
	averages(&bars, out[0]);
	TA_MACD(0, last, bars.close, 12, 26, 9, &begin, &count, out[0], out[1],
			out[2]);
	TA_BBANDS(0, last, bars.close, 20, 2, 2, TA_MAType_SMA, &begin, &count,
			  out[0], out[1], out[2]);
	ranges(&bars, out[0]);
	TA_STOCH(0, last, bars.high, bars.low, bars.close, 14, 3, TA_MAType_SMA, 3,
			 TA_MAType_SMA, &begin, &count, out[0], out[1]);
	bars_stop(&bars, out[0][count / 2] + out[1][count / 2]);
	return 0;
}
