/*-------------------------------------------------------------------------
 *
 * mid_rank.c
 *		Percentile rank of a number within a population.
 *
 *	mid_rank	(numbers below x + half of those equal to x) / numbers
 *
 * NULL members do not count.  NULL for a NULL argument and for a population
 * without numbers.  An x that is a member is ranked above 0 and below 1, and
 * at 0.5 when all are equal.
 *
 * Errors: 22003 for NaN and infinities.
 *
 * Definition: scipy's percentileofscore(kind='mean') / 100.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "utils/array.h"

#include "base/checks.h"

PG_FUNCTION_INFO_V1(ca_mid_rank);

/*
 * ca_mid_rank(x, population) -> double precision
 */
Datum
ca_mid_rank(PG_FUNCTION_ARGS)
{
	double x = PG_GETARG_FLOAT8(0);
	ArrayType *population = PG_GETARG_ARRAYTYPE_P(1);
	ArrayIterator members = array_create_iterator(population, 0, NULL);
	int64 count = 0;
	int64 twice_rank = 0;
	Datum member;
	bool isnull;

	ca_check_finite(x, "x");
	while (array_iterate(members, &member, &isnull))
	{
		double value = isnull ? 0.0 : DatumGetFloat8(member);

		if (isnull)
			continue;
		ca_check_finite(value, "member of the population");
		count++;
		twice_rank += (value < x) + (value <= x);
	}
	array_free_iterator(members);

	if (count == 0)
		PG_RETURN_NULL();
	PG_RETURN_FLOAT8((double) twice_rank / (2.0 * (double) count));
}
