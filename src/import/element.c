/*-------------------------------------------------------------------------
 *
 * element.c
 *		Reading one element of an import as a candle.
 *
 * An element of the array is itself an array:
 *
 *	ccxt		[milliseconds, open, high, low, close, volume]
 *	binance		[open time, open, high, low, close, base volume, close time,
 *				 quote volume, 4 more]
 *	coingecko	[milliseconds at its close, open, high, low, close]
 *
 * A number is a JSON number or a string that holds one.  Only ccxt's volume may
 * be null, which means unknown.  Numbers are stored as received; a base volume is
 * multiplied by the typical price, abs(high + low + close) / 3.
 *
 * Errors name the first invalid element, by its index and its text: 22003 for a number
 * with too many digits, otherwise 22023.  A wrong number of fields, or a time that is
 * not the start of a candle, discredits the whole call and is always refused.
 * Impossible prices or volumes discredit only their candle, which may be skipped or
 * mended instead: high and low are widened to bound the four prices, and the volume
 * becomes unknown.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <math.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "base/timeframe.h"
#include "import/element.h"
#include "import/number.h"
#include "numeric/numeric.h"

/* fields of the longest format */
#define MAX_FIELDS 12

/* the most characters of an element that an error shows */
#define SHOWN_CHARACTERS 300

/* the fewest digits of a computed volume */
#define COMPUTED_DIGITS 12

#define BAD_HINT "bad => 'skip' leaves out impossible candles."

/*
 * Refuse the element.  "problem" continues the message "element 1 of data".
 */
static void
refuse_as(const CaImport *import, int code, const char *problem,
		  const char *hint)
{
	Jsonb *element =
		JsonbValueToJsonb(unconstify(JsonbValue *, import->element));
	char *text = JsonbToCString(NULL, &element->root, VARSIZE(element));

	text[pg_mbcharcliplen(text, strlen(text), SHOWN_CHARACTERS)] = '\0';
	ereport(
		ERROR, errcode(code),
		errmsg("element " INT64_FORMAT " of data %s", import->index, problem),
		errdetail("Counted from 0, the element is %s.", text),
		errhint("%s", hint));
}

void
ca_import_refuse(const CaImport *import, const char *problem, const char *hint)
{
	refuse_as(import, ERRCODE_INVALID_PARAMETER_VALUE, problem, hint);
}

/* the value of a text that is a number by ca_import_is_number() */
static Numeric
numeric_of_text(const char *text, int length)
{
	return DatumGetNumeric(
		DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(text, length)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* a field as a number, which may point into the element; NULL if it is not one */
Numeric
ca_import_number(const JsonbValue *field)
{
	if (field->type == jbvNumeric &&
		ca_import_number_is_short(
			ca_numeric_integer_digits(NumericGetDatum(field->val.numeric)),
			ca_numeric_scale(NumericGetDatum(field->val.numeric))))
		return field->val.numeric;
	if (field->type == jbvString &&
		ca_import_is_number(field->val.string.val, field->val.string.len))
		return numeric_of_text(field->val.string.val, field->val.string.len);
	return NULL;
}

/*
 * The candle is impossible: refuse it, or note the first such problem.  Returns false.
 */
static bool
bad_candle(CaImport *import, int code, const char *problem, const char *hint)
{
	if (import->bad == CA_BAD_REFUSE)
		refuse_as(import, code, problem, hint);
	if (import->first_problem == NULL)
		import->first_problem = MemoryContextStrdup(
			import->context, psprintf("element " INT64_FORMAT " of data %s",
									  import->index, problem));
	return false;
}

/* whether the problem of the candle is mended */
static bool
mend(CaImport *import)
{
	return import->is_mended = import->bad == CA_BAD_MEND;
}

/* whether the columns can hold the value; nothing is rounded */
static bool
digits_fit(CaImport *import, Numeric value, const char *name)
{
	return ca_numeric_fits(NumericGetDatum(value)) ||
		   bad_candle(import, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
					  psprintf("has a %s of too many digits", name),
					  "Prices and volumes have at most 38 digits, at most 18 "
					  "of them decimals.  " BAD_HINT);
}

/* a field as a price or a volume */
static bool
read_amount(CaImport *import, const JsonbValue *field, const char *name,
			Datum *amount)
{
	Numeric value = ca_import_number(field);

	if (value == NULL)
		return bad_candle(import, ERRCODE_INVALID_PARAMETER_VALUE,
						  psprintf("has no finite number as %s", name),
						  CA_NUMBER_HINT "  " BAD_HINT);
	if (!digits_fit(import, value, name))
		return false;
	*amount = NumericGetDatum(value);
	/* drop trailing zeros beyond the decimals of the columns */
	if (ca_numeric_scale(*amount) > CA_PRICE_DECIMALS)
		*amount = DirectFunctionCall2(numeric_round, *amount,
									  Int32GetDatum(CA_PRICE_DECIMALS));
	return true;
}

/* fill a column of the row */
void
ca_import_store(CaImport *import, CaImportColumn column, Datum value)
{
	import->values[import->column[column]] = value;
	import->nulls[import->column[column]] = false;
}

static Datum
stored(const CaImport *import, CaImportColumn column)
{
	return import->values[import->column[column]];
}

/*
 * The volume of an element in quote units, computed from the stored prices.
 *
 * A computed volume has as many decimals as its factors, more if it would have fewer
 * than 12 digits, but at most 18, and no trailing zeros.
 */
static Datum
quote_volume(const CaImport *import, Datum volume)
{
	const CaDecimal three = ca_decimal_fixed(3, 0);
	CaDecimal factor = ca_decimal_from_numeric(volume);
	CaDecimal product;
	Datum sum;
	int digits;
	int decimals;

	if (import->format != CA_FORMAT_CCXT || !import->base_volume)
		return volume;
	sum = DirectFunctionCall2(
		numeric_add,
		DirectFunctionCall2(numeric_add, stored(import, CA_IMPORT_HIGH),
							stored(import, CA_IMPORT_LOW)),
		stored(import, CA_IMPORT_CLOSE));
	product = ca_decimal_from_numeric(DirectFunctionCall1(numeric_abs, sum));
	product = ca_decimal_mul(&factor, &product);
	product = ca_decimal_trim(&product);
	digits = ca_decimal_integer_digits(&product);
	decimals = digits > 0 ? COMPUTED_DIGITS - digits : CA_PRICE_DECIMALS;
	decimals = Max(decimals, ca_decimal_scale(&product));
	product = ca_decimal_div_round(&product, &three,
								   Min(decimals, CA_PRICE_DECIMALS));
	product = ca_decimal_trim(&product);
	return NumericGetDatum(ca_decimal_to_numeric(&product));
}

static bool
exceeds(const CaImport *import, CaImportColumn a, CaImportColumn b)
{
	return DatumGetBool(
		DirectFunctionCall2(numeric_gt, stored(import, a), stored(import, b)));
}

/* store the prices; false if they are impossible and not mended */
static bool
read_prices(CaImport *import, const JsonbValue *fields)
{
	static const char *const names[] = {"open", "high", "low", "close"};
	int highest = CA_IMPORT_OPEN;
	int lowest = CA_IMPORT_OPEN;
	Datum high;
	Datum low;

	if (fields[0].type == jbvNull && fields[1].type == jbvNull &&
		fields[2].type == jbvNull && fields[3].type == jbvNull)
		return bad_candle(
			import, ERRCODE_INVALID_PARAMETER_VALUE, "has no prices",
			"Some providers send nulls where nothing was traded.  " BAD_HINT);
	for (int i = 0; i < 4; i++)
	{
		Datum price;

		if (!read_amount(import, &fields[i], names[i], &price))
			return false;
		ca_import_store(import, CA_IMPORT_OPEN + i, price);
	}

	for (int i = CA_IMPORT_OPEN; i <= CA_IMPORT_CLOSE; i++)
	{
		if (exceeds(import, i, highest))
			highest = i;
		if (exceeds(import, lowest, i))
			lowest = i;
	}
	if (!exceeds(import, highest, CA_IMPORT_HIGH) &&
		!exceeds(import, CA_IMPORT_LOW, lowest))
		return true;
	bad_candle(
		import, ERRCODE_INVALID_PARAMETER_VALUE,
		"has a high or a low that does not bound its open and close",
		"The order is open, high, low, close.  If the provider sent it "
		"so, bad => 'mend' widens high and low, and bad => 'skip' leaves "
		"the candle out.");
	high = stored(import, highest);
	low = stored(import, lowest);
	ca_import_store(import, CA_IMPORT_HIGH, high);
	ca_import_store(import, CA_IMPORT_LOW, low);
	return mend(import);
}

/* store the volume, if it is known; false if it is impossible */
static bool
read_volume(CaImport *import, const JsonbValue *fields)
{
	bool binance = import->format == CA_FORMAT_BINANCE;
	const JsonbValue *field = &fields[binance ? 7 : 5];
	Datum volume;

	if (import->format == CA_FORMAT_COINGECKO ||
		(!binance && field->type == jbvNull))
		return true;
	if (!read_amount(import, field, binance ? "quote volume" : "volume",
					 &volume))
		return false;
	if (DatumGetInt32(DirectFunctionCall2(
			numeric_cmp, volume, NumericGetDatum(int64_to_numeric(0)))) < 0)
		return bad_candle(import, ERRCODE_INVALID_PARAMETER_VALUE,
						  "has a negative volume",
						  "An unknown volume is null.  " BAD_HINT);
	volume = quote_volume(import, volume);
	if (!digits_fit(import, DatumGetNumeric(volume), "volume in quote units"))
		return false;
	ca_import_store(import, CA_IMPORT_VOLUME, volume);
	return true;
}

/* the fields of the element; an error if their number is wrong */
static void
read_fields(const CaImport *import, JsonbValue *fields)
{
	static const uint32 wanted[] = {6, 12, 5};
	static const char *const hints[] = {
		"A ccxt candle is [milliseconds, open, high, low, close, volume].",
		"A Binance kline has 12 fields, from open time to one that is unused.",
		"A CoinGecko candle is [milliseconds at its close, open, high, low, "
		"close]."};
	const JsonbValue *element = import->element;
	const char *hint = hints[import->format];
	JsonbContainer *array;
	JsonbIterator *it;
	JsonbValue value;
	uint32 n = 0;

	/* a scalar is not a container */
	if (element->type != jbvBinary ||
		!JsonContainerIsArray(element->val.binary.data))
		ca_import_refuse(import, "is not an array", hint);
	array = element->val.binary.data;
	if (JsonContainerSize(array) != wanted[import->format])
		ca_import_refuse(
			import, psprintf("has %u fields", JsonContainerSize(array)), hint);

	it = JsonbIteratorInit(array);
	(void) JsonbIteratorNext(&it, &value, true);
	while (n < wanted[import->format] &&
		   JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
		fields[n++] = value;
}

/*
 * Read the element: the start of its candle, and the row in import->values.  Returns
 * false if the candle is to be skipped.
 */
bool
ca_import_read(CaImport *import, TimestampTz *start)
{
	JsonbValue fields[MAX_FIELDS];
	read_fields(import, fields);
	*start = ca_import_start(import, fields);
	ca_import_store(import, CA_IMPORT_TIME, TimestampTzGetDatum(*start));

	import->is_mended = false;
	import->nulls[import->column[CA_IMPORT_VOLUME]] = true;
	if (!read_prices(import, &fields[1]) ||
		(!read_volume(import, fields) && !mend(import)))
		return false;
	import->mended += import->is_mended;
	return true;
}
