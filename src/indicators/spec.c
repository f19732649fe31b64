/*-------------------------------------------------------------------------
 *
 * spec.c
 *		A spec: the JSON that says which indicators to write with a candle.
 *
 *		{"RSI": 14, "SMA": [50, 200], "MACD": [12, 26, 9],
 *		 "BBANDS": [[20, 2], [50, 2.5]]}
 *
 * A key names an indicator.  Its value is one set of parameters or an array of
 * sets; a set of one number needs no brackets.  So RSI, SMA, EMA, ATR and ADX
 * take a period or an array of periods; MACD, BBANDS and STOCH take an array
 * of numbers or an array of such arrays.  The output has the same form: one
 * set gives the value itself, an array of sets gives an object with a label
 * for each, such as "50" or "20,2".
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/numeric.h"

#include "indicators/parameters.h"
#include "indicators/spec.h"

/* the numbers of a set: periods, then the multiplier */
#define MAX_NUMBERS (CA_MAX_PERIODS + 1)

static const CaSpecKey spec_keys[] = {
	{.key = "RSI", .indicator = &ca_rsi, .form = "14 or [7, 14]"},
	{.key = "MACD",
	 .indicator = &ca_macd,
	 .form = "[fast, slow, signal], as [12, 26, 9], or an array of such arrays",
	 .nfields = 3,
	 .fields = {{"value", CA_MACD_VALUE},
				{"signal", CA_MACD_SIGNAL},
				{"histogram", CA_MACD_HISTOGRAM}}},
	{.key = "SMA", .indicator = &ca_sma, .form = "50 or [50, 200]"},
	{.key = "EMA", .indicator = &ca_ema, .form = "20 or [20, 100]"},
	{.key = "BBANDS",
	 .indicator = &ca_bollinger,
	 .form = "[period, multiplier], as [20, 2], or an array of such arrays",
	 .nfields = 5,
	 .fields = {{"lower", CA_BOLLINGER_LOWER},
				{"upper", CA_BOLLINGER_UPPER},
				{"middle", CA_BOLLINGER_MIDDLE},
				{"bandwidth", CA_BOLLINGER_BANDWIDTH},
				{"percent_b", CA_BOLLINGER_PERCENT_B}}},
	{.key = "ATR", .indicator = &ca_atr, .form = "14 or [7, 14]"},
	{.key = "ADX",
	 .indicator = &ca_adx,
	 .form = "14 or [7, 14]",
	 .nfields = 3,
	 .fields = {{"adx", CA_ADX_ADX},
				{"di_plus", CA_ADX_DI_PLUS},
				{"di_minus", CA_ADX_DI_MINUS}}},
	{.key = "STOCH",
	 .indicator = &ca_stochastic,
	 .form = "[k, slowing, d], as [14, 3, 3], or an array of such arrays",
	 .nfields = 2,
	 .fields = {{"d", CA_STOCHASTIC_D}, {"k", CA_STOCHASTIC_K}}},
};

/* NULL when no indicator has this name */
static const CaSpecKey *
lookup_key(const char *name, int length)
{
	for (int i = 0; i < (int) lengthof(spec_keys); i++)
		if ((int) strlen(spec_keys[i].key) == length &&
			memcmp(spec_keys[i].key, name, length) == 0)
			return &spec_keys[i];
	return NULL;
}

/* whether an indicator has this name */
bool
ca_spec_has_key(const char *name, int length)
{
	return lookup_key(name, length) != NULL;
}

static const CaSpecKey *
find_key(const JsonbValue *name)
{
	const CaSpecKey *key =
		lookup_key(name->val.string.val, name->val.string.len);

	if (key != NULL)
		return key;
	ereport(
		ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
		errmsg("unknown indicator in spec"),
		errdetail("Key is \"%.*s\".",
				  pg_mbcliplen(name->val.string.val, name->val.string.len, 64),
				  name->val.string.val),
		errhint(
			"Indicators are RSI, MACD, SMA, EMA, BBANDS, ATR, ADX and STOCH."));
}

/* a value as text, cut where it is long */
static char *
value_text(const JsonbValue *value)
{
	Jsonb *json = JsonbValueToJsonb(unconstify(JsonbValue *, value));
	char *text = JsonbToCString(NULL, &json->root, VARSIZE(json));

	text[pg_mbcliplen(text, strlen(text), 64)] = '\0';
	return text;
}

/* refuse the value of a key, with a hint how it may look */
static void
refuse_value(const CaSpecKey *key, const JsonbValue *value, const char *problem)
{
	ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("%s in spec %s", key->key, problem),
			errdetail("Value is %s.", value_text(value)),
			errhint("Write %s.", key->form));
}

static bool
is_array(const JsonbValue *value)
{
	return value->type == jbvBinary &&
		   JsonContainerIsArray(value->val.binary.data) &&
		   !JsonContainerIsScalar(value->val.binary.data);
}

static int
set_length(const JsonbValue *array)
{
	return JsonContainerSize(array->val.binary.data);
}

/* a number of a set, the i-th */
static double
number_value(const CaSpecKey *key, const JsonbValue *value)
{
	if (value->type != jbvNumeric)
		refuse_value(key, value, "must hold numbers only");
	return DatumGetFloat8(DirectFunctionCall1(
		numeric_float8_no_overflow, NumericGetDatum(value->val.numeric)));
}

/* the numbers of a set, which is an array or a single number */
static int
set_numbers(const CaSpecKey *key, const JsonbValue *set, double *numbers)
{
	int n = is_array(set) ? set_length(set) : 1;
	int most = key->indicator->nperiods + key->indicator->has_multiplier;

	if (n < key->indicator->nperiods || n > most)
		refuse_value(key, set, "has the wrong number of parameters");
	if (!is_array(set))
		numbers[0] = number_value(key, set);
	else
		for (int i = 0; i < n; i++)
			numbers[i] = number_value(
				key, getIthJsonbValueFromContainer(set->val.binary.data, i));
	return n;
}

/* the label of a set among others: its numbers */
static void
make_label(char *label, const double *numbers, int n)
{
	int length = 0;

	for (int i = 0; i < n; i++)
		length += snprintf(label + length, CA_LABEL_BYTES - length,
						   i == 0 ? "%.15g" : ",%.15g", numbers[i]);
}

/* add the request of one set; in an array of sets it needs a label */
static void
add_request(CaSpec *spec, const CaSpecKey *key, const JsonbValue *set,
			bool labelled, CaConvention convention)
{
	const CaIndicator *indicator = key->indicator;
	double numbers[MAX_NUMBERS];
	int n = set_numbers(key, set, numbers);
	CaRequest *request = &spec->requests[spec->nrequests];
	char *label = spec->labels[spec->nrequests];

	if (spec->nrequests == CA_MAX_REQUESTS)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("spec asks for more than %d indicators", CA_MAX_REQUESTS));

	request->indicator = ca_cpu_indicator(indicator);
	request->parameters = indicator->defaults;
	request->parameters.convention = convention;
	for (int i = 0; i < indicator->nperiods; i++)
	{
		ca_parameters_check_period(indicator, i, numbers[i]);
		if (numbers[i] != floor(numbers[i]))
			refuse_value(key, set, "has a period that is not an integer");
		request->parameters.periods[i] = (int) numbers[i];
	}
	if (n > indicator->nperiods)
	{
		ca_parameters_check_multiplier(indicator, numbers[n - 1]);
		request->parameters.multiplier = numbers[n - 1];
	}
	ca_parameters_check(indicator, &request->parameters);

	if (labelled)
		make_label(label, numbers, n);
	for (int i = 0; i < spec->nrequests; i++)
		if (labelled && spec->keys[i] == key &&
			strcmp(spec->labels[i], label) == 0)
			ereport(
				ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("%s in spec has the same parameters twice", key->key),
				errdetail("Parameters are %s.", label));
	spec->keys[spec->nrequests++] = key;
}

/* jsonb's order of keys: by length, then by bytes */
static int
compare_labels(const char *a, const char *b)
{
	if (strlen(a) != strlen(b))
		return strlen(a) < strlen(b) ? -1 : 1;
	return strcmp(a, b);
}

/* move the last request to its place among those from "first" on */
static void
sort_last_request(CaSpec *spec, int first)
{
	int last = spec->nrequests - 1;
	CaRequest request = spec->requests[last];
	char label[CA_LABEL_BYTES];

	memcpy(label, spec->labels[last], CA_LABEL_BYTES);
	for (; last > first && compare_labels(spec->labels[last - 1], label) > 0;
		 last--)
	{
		spec->requests[last] = spec->requests[last - 1];
		memcpy(spec->labels[last], spec->labels[last - 1], CA_LABEL_BYTES);
	}
	spec->requests[last] = request;
	memcpy(spec->labels[last], label, CA_LABEL_BYTES);
}

/* add the requests of one key */
static void
add_requests(CaSpec *spec, const CaSpecKey *key, const JsonbValue *value,
			 CaConvention convention)
{
	bool single = key->indicator->nperiods == 1;
	bool several = false;
	int first_request = spec->nrequests;

	if (value->type != jbvNumeric && !is_array(value))
		refuse_value(key, value, "must be a number or an array");
	if (is_array(value))
	{
		JsonbValue *first;

		if (set_length(value) == 0)
			refuse_value(key, value, "is an empty array");
		first = getIthJsonbValueFromContainer(value->val.binary.data, 0);
		several =
			(single && !key->indicator->has_multiplier) || is_array(first);
	}

	if (!several)
		add_request(spec, key, value, false, convention);
	else
		for (int i = 0; i < set_length(value); i++)
		{
			add_request(
				spec, key,
				getIthJsonbValueFromContainer(value->val.binary.data, i), true,
				convention);
			sort_last_request(spec, first_request);
		}
}

/*
 * Read a spec.  Errors: 22023 when it is not an object, is empty, or has an
 * unknown key, an invalid value or a period out of range.
 */
void
ca_spec_get(Jsonb *json, CaConvention convention, CaSpec *spec)
{
	JsonbIterator *iterator;
	JsonbIteratorToken token;
	JsonbValue value;
	const CaSpecKey *key = NULL;

	if (!JB_ROOT_IS_OBJECT(json))
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("spec must be a JSON object"),
			errdetail("It is a JSON %s.",
					  JB_ROOT_IS_SCALAR(json) ? "scalar" : "array"),
			errhint(
				"Write, for example, {\"RSI\": 14, \"MACD\": [12, 26, 9], \"SMA\": [50, 200]}."));
	if (JB_ROOT_COUNT(json) == 0)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("spec must name an indicator"),
			errhint(
				"Indicators are RSI, MACD, SMA, EMA, BBANDS, ATR, ADX and STOCH."));

	memset(spec, 0, sizeof(*spec));
	iterator = JsonbIteratorInit(&json->root);
	while ((token = JsonbIteratorNext(&iterator, &value, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			key = find_key(&value);
		else if (token == WJB_VALUE)
			add_requests(spec, key, &value, convention);
	}
}
