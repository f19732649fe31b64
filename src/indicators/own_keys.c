/*-------------------------------------------------------------------------
 *
 * own_keys.c
 *		The keys in a candle's technical_indicators: indicators, and those that
 *		belong to the user.
 *
 * A key that no indicator of a spec has belongs to the user and is kept when
 * the indicators go.  JSON that is not an object belongs to the user as a
 * whole.  The user's keys are NULL when there are none, and for a JSON null.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "fmgr.h"
#include "utils/jsonb.h"

#include "indicators/own_keys.h"
#include "indicators/spec.h"

PG_FUNCTION_INFO_V1(ca_own_keys);
PG_FUNCTION_INFO_V1(ca_indicators_differ);

static bool
is_indicator(const JsonbValue *key)
{
	return ca_spec_has_key(key->val.string.val, key->val.string.len);
}

/* how many keys of an object name indicators */
static uint32
count_indicators(Jsonb *json)
{
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbIteratorToken token;
	JsonbValue value;
	uint32 found = 0;

	while ((token = JsonbIteratorNext(&it, &value, true)) != WJB_DONE)
		if (token == WJB_KEY && is_indicator(&value))
			found++;
	return found;
}

/* an object with the keys that name indicators, or with the others */
static Jsonb *
some_keys(Jsonb *json, bool indicators)
{
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbParseState *state = NULL;
	JsonbIteratorToken token;
	JsonbValue value;
	JsonbValue *result = NULL;
	bool nested = false;

	while ((token = JsonbIteratorNext(&it, &value, nested)) != WJB_DONE)
	{
		nested = true;
		if (token == WJB_KEY && is_indicator(&value) != indicators)
			(void) JsonbIteratorNext(&it, &value, true);
		else
			result = pushJsonbValue(&state, token,
									token < WJB_BEGIN_ARRAY ? &value : NULL);
	}
	return JsonbValueToJsonb(result);
}

/*
 * the user's keys alone: NULL when there are none, the same JSON when there is
 * nothing else
 */
Jsonb *
ca_keep_own_keys(Jsonb *json)
{
	uint32 found;

	if (JB_ROOT_IS_SCALAR(json))
	{
		JsonbValue value;

		if (JsonbExtractScalar(&json->root, &value) && value.type == jbvNull)
			return NULL;
		return json;
	}
	if (!JB_ROOT_IS_OBJECT(json))
		return json;

	found = count_indicators(json);
	if (found == JB_ROOT_COUNT(json))
		return NULL;
	return found == 0 ? json : some_keys(json, false);
}

/* ca_own_keys(jsonb) -> jsonb */
Datum
ca_own_keys(PG_FUNCTION_ARGS)
{
	Jsonb *own = ca_keep_own_keys(PG_GETARG_JSONB_P(0));

	if (own == NULL)
		PG_RETURN_NULL();
	PG_RETURN_JSONB_P(own);
}

/* the indicators in an argument: NULL when there are none */
static Jsonb *
indicators_alone(FunctionCallInfo fcinfo, int arg)
{
	Jsonb *json = PG_ARGISNULL(arg) ? NULL : PG_GETARG_JSONB_P(arg);
	uint32 found;

	if (json == NULL || !JB_ROOT_IS_OBJECT(json))
		return NULL;
	found = count_indicators(json);
	if (found == 0)
		return NULL;
	return found == JB_ROOT_COUNT(json) ? json : some_keys(json, true);
}

/* ca_indicators_differ(jsonb, jsonb) -> boolean; NULL has no indicators */
Datum
ca_indicators_differ(PG_FUNCTION_ARGS)
{
	Jsonb *a = indicators_alone(fcinfo, 0);
	Jsonb *b = indicators_alone(fcinfo, 1);

	if (a == NULL || b == NULL)
		PG_RETURN_BOOL(a != b);
	PG_RETURN_BOOL(compareJsonbContainers(&a->root, &b->root) != 0);
}
