/*-------------------------------------------------------------------------
 *
 * spec_values.c
 *		The values of a spec's indicators as JSON.
 *
 *		{"RSI": 56.23, "SMA": {"50": 45000.12}, "MACD": {"value": -12.45, ...}}
 *
 * A value that is not warm or not defined is left out, and so is an object that
 * would be empty.  Numbers are the shortest decimals that read back as the same
 * double, so nothing is lost.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include <math.h>

#include "utils/float.h"

#include "indicators/spec.h"
#include "numeric.h"

static void
push_key(JsonbParseState **json, const char *key)
{
	JsonbValue value = {.type = jbvString};

	value.val.string.val = unconstify(char *, key);
	value.val.string.len = strlen(key);
	pushJsonbValue(json, WJB_KEY, &value);
}

static void
push_number(JsonbParseState **json, double number)
{
	JsonbValue value = {.type = jbvNumeric};
	CaDecimal decimal;

	if (!isfinite(number))
		float_overflow_error();
	decimal = ca_decimal_from_double(number);
	value.val.numeric = ca_decimal_to_numeric(&decimal);
	pushJsonbValue(json, WJB_VALUE, &value);
}

/* the value of one request, under its name */
static void
push_values(JsonbParseState **json, const CaSpecKey *key, const char *name,
			const CaValues *values)
{
	push_key(json, name);
	if (key->fields[0] == NULL)
	{
		push_number(json, values->value[0]);
		return;
	}
	pushJsonbValue(json, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < key->indicator->nvalues; i++)
	{
		if (values->undefined[i])
			continue;
		push_key(json, key->fields[i]);
		push_number(json, values->value[i]);
	}
	pushJsonbValue(json, WJB_END_OBJECT, NULL);
}

/*
 * What the engine, which serves this spec's requests, tells of its last candle.
 * Errors: 22003 when a value is beyond the range of double precision.
 */
Jsonb *
ca_spec_values(const CaSpec *spec, const CaEngine *engine)
{
	JsonbParseState *json = NULL;
	const CaSpecKey *open = NULL; /* whose object by labels is open */

	pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
	for (int i = 0; i < spec->nrequests; i++)
	{
		const CaSpecKey *key = spec->keys[i];
		bool labelled = spec->labels[i][0] != '\0';
		CaValues values;

		if (!ca_engine_values(engine, i, &values))
			continue;
		if (open != NULL && open != key)
		{
			pushJsonbValue(&json, WJB_END_OBJECT, NULL);
			open = NULL;
		}
		if (labelled && open == NULL)
		{
			push_key(&json, key->key);
			pushJsonbValue(&json, WJB_BEGIN_OBJECT, NULL);
			open = key;
		}
		push_values(&json, key, labelled ? spec->labels[i] : key->key, &values);
	}
	if (open != NULL)
		pushJsonbValue(&json, WJB_END_OBJECT, NULL);
	return JsonbValueToJsonb(pushJsonbValue(&json, WJB_END_OBJECT, NULL));
}
