/*-------------------------------------------------------------------------
 *
 * parameters.c
 *		The parameters of an indicator, as arguments of an SQL call: after the
 *		inputs come the periods, then the multiplier and the convention if it
 *		has them.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"

#include "indicators/parameters.h"
#include "base/checks.h"

/* in the order of CaConvention */
static const char *const convention_names[] = {"talib", "tradingview",
											   "pandas"};

/*
 * Refuse a period that is out of range.  Errors: 22023.
 */
void
ca_parameters_check_period(const CaIndicator *indicator, int i, double period)
{
	if (!(period >= 1 && period <= CA_MAX_PERIOD))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s of %s must be between 1 and %d",
					   indicator->period_names[i], indicator->name,
					   CA_MAX_PERIOD),
				errdetail("Value is %.15g.", period));
}

/*
 * Refuse a multiplier that is negative or not finite.  Errors: 22023.
 */
void
ca_parameters_check_multiplier(const CaIndicator *indicator, double multiplier)
{
	if (!(multiplier >= 0.0 && isfinite(multiplier)))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("multiplier of %s must be finite and not negative",
					   indicator->name),
				errdetail("Value is %g.", multiplier));
}

/*
 * Refuse parameters, each in range, that do not go together.  Errors: 22023.
 */
void
ca_parameters_check(const CaIndicator *indicator,
					const CaParameters *parameters)
{
	const char *problem =
		indicator->check ? indicator->check(parameters) : NULL;

	if (problem != NULL)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s: %s", indicator->name, problem),
				errdetail("Periods are %d, %d and %d.", parameters->periods[0],
						  parameters->periods[1], parameters->periods[2]));
}

/* the i-th period of the call, checked on its own */
static int
period_argument(FunctionCallInfo fcinfo, const CaIndicator *indicator, int i)
{
	int argument = 1 + indicator->ninputs + i;
	const char *name = indicator->period_names[i];
	int period;

	if (argument >= PG_NARGS())
		return indicator->defaults.periods[i];
	if (PG_ARGISNULL(argument))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s of %s must not be NULL", name, indicator->name),
				errhint("Give an integer from 1 to %d.", CA_MAX_PERIOD));

	period = PG_GETARG_INT32(argument);
	ca_parameters_check_period(indicator, i, period);
	return period;
}

/* the multiplier of the call, which follows the periods */
static double
multiplier_argument(FunctionCallInfo fcinfo, const CaIndicator *indicator)
{
	int argument = 1 + indicator->ninputs + indicator->nperiods;
	double multiplier;

	if (!indicator->has_multiplier || argument >= PG_NARGS())
		return indicator->defaults.multiplier;
	if (PG_ARGISNULL(argument))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("multiplier of %s must not be NULL", indicator->name),
				errhint("The default is %g.", indicator->defaults.multiplier));

	multiplier = PG_GETARG_FLOAT8(argument);
	ca_parameters_check_multiplier(indicator, multiplier);
	return multiplier;
}

/*
 * A convention by its name.  Errors: 22023 for an unknown name.
 */
CaConvention
ca_parameters_convention(const text *name)
{
	for (int i = 0; i < (int) lengthof(convention_names); i++)
		if (VARSIZE_ANY_EXHDR(name) == strlen(convention_names[i]) &&
			memcmp(VARDATA_ANY(name), convention_names[i],
				   VARSIZE_ANY_EXHDR(name)) == 0)
			return (CaConvention) i;

	ereport(
		ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		errmsg("unknown convention"),
		errdetail("Value is \"%.*s\".",
				  pg_mbcliplen(VARDATA_ANY(name), VARSIZE_ANY_EXHDR(name), 64),
				  VARDATA_ANY(name)),
		errhint("Conventions are talib, tradingview and pandas."));
}

/*
 * The convention of a call that is not an aggregate's.  Errors: 22004 for
 * NULL, 22023 for an unknown one.
 */
CaConvention
ca_parameters_convention_argument(FunctionCallInfo fcinfo, int argument)
{
	if (PG_ARGISNULL(argument))
		ereport(ERROR, errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				errmsg("convention must not be NULL"),
				errhint("Conventions are talib, tradingview and pandas."));
	return ca_parameters_convention(PG_GETARG_TEXT_PP(argument));
}

/* the convention of an aggregate's call, which comes last */
static CaConvention
convention_argument(FunctionCallInfo fcinfo, const CaIndicator *indicator)
{
	int argument = 1 + indicator->ninputs + indicator->nperiods +
				   indicator->has_multiplier;

	if (!indicator->has_convention || argument >= PG_NARGS())
		return CA_TALIB;
	if (PG_ARGISNULL(argument))
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("convention of %s must not be NULL", indicator->name),
				errhint("Conventions are talib, tradingview and pandas."));
	return ca_parameters_convention(PG_GETARG_TEXT_PP(argument));
}

/*
 * Read the parameters of a call; those that are left out have their defaults.
 * Errors: 22023 for one that is NULL or out of range, and for those that do
 * not go together.
 */
void
ca_parameters_get(FunctionCallInfo fcinfo, const CaIndicator *indicator,
				  CaParameters *parameters)
{
	for (int i = 0; i < indicator->nperiods; i++)
		parameters->periods[i] = period_argument(fcinfo, indicator, i);
	parameters->multiplier = multiplier_argument(fcinfo, indicator);
	parameters->convention = convention_argument(fcinfo, indicator);
	ca_parameters_check(indicator, parameters);
}

static void
refuse_change(const CaIndicator *indicator, const char *name, double was,
			  double is)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("%s of %s must not change from row to row", name,
				   indicator->name),
			errdetail("It was %g and is %g.", was, is),
			errhint("Call the aggregate again for another %s.", name));
}

/*
 * Refuse parameters that are not those of the first row.  Errors: 22023.
 */
void
ca_parameters_check_same(FunctionCallInfo fcinfo, const CaIndicator *indicator,
						 const CaParameters *parameters)
{
	for (int i = 0; i < indicator->nperiods; i++)
	{
		int period = period_argument(fcinfo, indicator, i);

		if (period != parameters->periods[i])
			refuse_change(indicator, indicator->period_names[i],
						  parameters->periods[i], period);
	}
	if (indicator->has_multiplier)
	{
		double multiplier = multiplier_argument(fcinfo, indicator);

		if (multiplier != parameters->multiplier)
			refuse_change(indicator, "multiplier", parameters->multiplier,
						  multiplier);
	}
	if (convention_argument(fcinfo, indicator) != parameters->convention)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("convention of %s must not change from row to row",
					   indicator->name),
				errhint("Give the same value in every row."));
}
