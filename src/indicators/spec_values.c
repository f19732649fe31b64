/*-------------------------------------------------------------------------
 *
 * spec_values.c
 *		The values of a spec's indicators as JSON.
 *
 *		{"RSI": 56.23, "SMA": {"50": 45000.12}, "MACD": {"value": -12.45, ...}}
 *
 * Values that are not warm or not defined are left out, and so are objects
 * that would be empty.  Numbers are the shortest decimals that read back as
 * the same double, so nothing is lost.
 *
 * The keys of a spec, its labels and the fields of an indicator are already in
 * jsonb's order, so objects are built without sorting.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "utils/float.h"

#include "indicators/spec.h"
#include "numeric/numeric.h"

/* an empty object whose pairs begin here */
static JsonbValue
empty_object(JsonbPair *pairs)
{
	JsonbValue object = {.type = jbvObject};

	object.val.object.nPairs = 0;
	object.val.object.pairs = pairs;
	return object;
}

/* the value of a new pair, which comes last in the object */
static JsonbValue *
add_pair(JsonbValue *object, const char *key)
{
	JsonbPair *pair = &object->val.object.pairs[object->val.object.nPairs];

	pair->order = object->val.object.nPairs++;
	pair->key.type = jbvString;
	pair->key.val.string.val = unconstify(char *, key);
	pair->key.val.string.len = strlen(key);
	return &pair->value;
}

static void
set_number(JsonbValue *value, double number)
{
	CaDecimal decimal;

	if (!isfinite(number))
		float_overflow_error();
	decimal = ca_decimal_from_double(number);
	value->type = jbvNumeric;
	value->val.numeric = ca_decimal_to_numeric(&decimal);
}

/* the value of one request; "pairs" are for its fields, if it has any */
static void
set_values(JsonbValue *value, const CaSpecKey *key, const CaValues *values,
		   JsonbPair *pairs)
{
	if (key->nfields == 0)
	{
		set_number(value, values->value[0]);
		return;
	}
	*value = empty_object(pairs);
	for (int i = 0; i < key->nfields; i++)
	{
		const CaSpecField *field = &key->fields[i];

		if (!values->undefined[field->value])
			set_number(add_pair(value, field->name),
					   values->value[field->value]);
	}
}

/*
 * The values as of the last candle, from indicators that serve this spec's requests.
 * Errors: 22003 when a value is beyond the range of double precision.
 */
Jsonb *
ca_spec_values(const CaSpec *spec, const CaSeriesIndicators *indicators)
{
	/* pairs of the root, of the objects with labels, and of fields */
	int n = spec->nrequests;
	JsonbPair *pairs = palloc(n * (2 + CA_MAX_VALUES) * sizeof(JsonbPair));
	JsonbPair *label_pairs = pairs + n;
	JsonbPair *field_pairs = label_pairs + n;
	JsonbValue root = empty_object(pairs);
	JsonbValue *object = NULL; /* the object with labels of the key "open" */
	const CaSpecKey *open = NULL;

	for (int i = 0; i < n; i++)
	{
		const CaSpecKey *key = spec->keys[i];
		const char *label = spec->labels[i];
		CaValues values;
		JsonbValue *value;

		if (!ca_series_indicators_values(indicators, i, &values))
			continue;
		if (label[0] == '\0')
			value = add_pair(&root, key->key);
		else
		{
			if (open != key)
			{
				open = key;
				object = add_pair(&root, key->key);
				*object = empty_object(label_pairs + i);
			}
			value = add_pair(object, label);
		}
		set_values(value, key, &values, field_pairs + i * CA_MAX_VALUES);
	}
	return JsonbValueToJsonb(&root);
}
