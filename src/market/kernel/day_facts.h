/*-------------------------------------------------------------------------
 *
 * day_facts.h
 *		What the daily candles of an asset say at the end of a day.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_DAY_FACTS_H
#define CA_DAY_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* a daily candle */
typedef struct CaDay
{
	int64_t number; /* days count up by one */
	double high;
	double low;
	double close;
} CaDay;

/* the values of a day, in the order of ca_day_facts(); NaN if not known */
typedef enum CaDayFact
{
	CA_FACT_CLOSE,    /* close of the day */
	CA_FACT_PREVIOUS, /* close of the day before */
	CA_FACT_MEAN_50,  /* mean close of 50 days */
	CA_FACT_MEAN_200, /* mean close of 200 days */
	CA_FACT_NEW_HIGH, /* 1: above all highs of the days before, else 0 */
	CA_FACT_NEW_LOW,  /* 1: below all lows of the days before, else 0 */
	CA_FACTS
} CaDayFact;

extern void ca_day_facts(const CaDay *days, size_t ndays, int64_t number,
						 int span, double facts[CA_FACTS]);

#endif /* CA_DAY_FACTS_H */
