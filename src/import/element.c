/*-------------------------------------------------------------------------
 *
 * element.c
 *		The candle that an element of an import stands for.
 *
 * An element of the array is itself an array:
 *
 *	ccxt		[milliseconds, open, high, low, close, volume]
 *	binance		[open time, open, high, low, close, base volume, close time,
 *				 quote volume, 4 more]
 *	coingecko	[milliseconds at its close, open, high, low, close]
 *
 * A number is a JSON number or a string that holds one.  Only ccxt's volume may
 * be null, which is an unknown volume.  Numbers are kept as they come; a base
 * volume is multiplied by the typical price, abs(high + low + close) / 3.
 *
 * Errors: the first element that is wrong is refused, with its index and its text:
 * 22003 for a number of too many digits, else 22023.  Its fields are checked before
 * what they mean together.
 *
 *-------------------------------------------------------------------------
 */
#include "compat.h"

#include <math.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "import/element.h"
#include "import/number.h"
#include "numeric.h"
#include "timeframe.h"

/* fields of the longest format */
#define MAX_FIELDS 12

/* characters of an element that an error shows */
#define SHOWN_CHARACTERS 300

/* digits that a computed volume has at least */
#define COMPUTED_DIGITS 12

#define UNIX_EPOCH ((UNIX_EPOCH_JDATE - POSTGRES_EPOCH_JDATE) * USECS_PER_DAY)

/* the first and the last millisecond of the years 1 to 9999 */
#define FIRST_MILLISECOND INT64CONST(-62135596800000)
#define LAST_MILLISECOND INT64CONST(253402300799999)

/*
 * Refuse the element.  What is wrong with it continues "element 1 of
 * data".
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

static void
refuse(const CaImport *import, const char *problem, const char *hint)
{
	refuse_as(import, ERRCODE_INVALID_PARAMETER_VALUE, problem, hint);
}

/* the value of a text that is a number by ca_is_number() */
static Numeric
numeric_of_text(const char *text, int length)
{
	return DatumGetNumeric(
		DirectFunctionCall3(numeric_in, CStringGetDatum(pnstrdup(text, length)),
							ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1)));
}

/* a field as a number, which may point into the element */
static Numeric
number(const CaImport *import, const JsonbValue *field, const char *name)
{
	if (field->type == jbvNumeric &&
		ca_number_is_short(
			ca_numeric_integer_digits(NumericGetDatum(field->val.numeric)),
			ca_numeric_scale(NumericGetDatum(field->val.numeric))))
		return field->val.numeric;
	if (field->type == jbvString &&
		ca_is_number(field->val.string.val, field->val.string.len))
		return numeric_of_text(field->val.string.val, field->val.string.len);
	refuse(import, psprintf("has no finite number as %s", name),
		   "Prices, volumes and times are JSON numbers or strings that hold "
		   "one.");
	return NULL;
}

/* refuse what the columns do not take; nothing is rounded */
static void
check_digits(const CaImport *import, Numeric value, const char *name)
{
	if (!ca_numeric_fits(NumericGetDatum(value)))
		refuse_as(import, ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
				  psprintf("has a %s of too many digits", name),
				  "Prices and volumes have at most 38 digits, at most 18 of "
				  "them decimals.");
}

/* a field as a price or a volume */
static Numeric
amount(const CaImport *import, const JsonbValue *field, const char *name)
{
	Numeric value = number(import, field, name);

	check_digits(import, value, name);
	/* zeros that a number is written with beyond that are no decimals */
	if (ca_numeric_scale(NumericGetDatum(value)) > CA_PRICE_DECIMALS)
		value = DatumGetNumeric(
			DirectFunctionCall2(numeric_round, NumericGetDatum(value),
								Int32GetDatum(CA_PRICE_DECIMALS)));
	return value;
}

/*
 * The moment that a field tells in milliseconds since 1970, in double
 * precision as interval * double precision has it.
 */
static TimestampTz
moment(const CaImport *import, const JsonbValue *field)
{
	Datum value = NumericGetDatum(number(import, field, "time"));
	int64 milliseconds = 0;

	/* 18 digits are an int64; microseconds of our time have 16 */
	if (ca_numeric_decimals(value) > 0 || ca_numeric_integer_digits(value) > 18)
		milliseconds = PG_INT64_MAX;
	else
		milliseconds = DatumGetInt64(DirectFunctionCall1(numeric_int8, value));
	if (milliseconds < FIRST_MILLISECOND || milliseconds > LAST_MILLISECOND)
		refuse(import, "has a time that is no count of milliseconds since 1970",
			   "Multiply seconds by 1000; divide microseconds, which Binance "
			   "sends for spot markets since 2025, by 1000.");
	return UNIX_EPOCH + (int64) rint(1000.0 * (double) milliseconds);
}

/* the start of the candle that a moment names: its opening or its close */
static TimestampTz
candle_start(const CaImport *import, TimestampTz named)
{
	bool at_close = import->format == CA_FORMAT_COINGECKO;
	int64 ordinal = ca_timeframe_ordinal(import->timeframe, named - at_close);

	if (named != ca_timeframe_start(import->timeframe, ordinal + at_close))
		refuse(import,
			   psprintf("is off the boundary of a %s candle",
						import->timeframe->code),
			   psprintf("Its time, as milliseconds since 1970, is %s UTC.",
						DatumGetCString(DirectFunctionCall1(
							timestamp_out, TimestampGetDatum(named)))));
	return ca_timeframe_start(import->timeframe, ordinal);
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
 * The volume of an element in quote units, with the prices stored.
 *
 * What is computed has as many decimals as its factors, or more where it takes
 * them to have 12 digits, but 18 at most, and no zeros at its end.
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
		DirectFunctionCall2(numeric_add, stored(import, CA_COLUMN_HIGH),
							stored(import, CA_COLUMN_LOW)),
		stored(import, CA_COLUMN_CLOSE));
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

/* the fields of the element, or an error where it has not the right number */
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

	/* a scalar is no container at all */
	if (element->type != jbvBinary ||
		!JsonContainerIsArray(element->val.binary.data))
		refuse(import, "is not an array", hint);
	array = element->val.binary.data;
	if (JsonContainerSize(array) != wanted[import->format])
		refuse(import, psprintf("has %u fields", JsonContainerSize(array)),
			   hint);

	it = JsonbIteratorInit(array);
	(void) JsonbIteratorNext(&it, &value, true);
	while (n < wanted[import->format] &&
		   JsonbIteratorNext(&it, &value, true) == WJB_ELEM)
		fields[n++] = value;
}

/*
 * The candle that the element stands for; its row is in the values.  Returns
 * its start.
 */
TimestampTz
ca_import_read(CaImport *import)
{
	JsonbValue fields[MAX_FIELDS];
	const JsonbValue *field = NULL;
	Datum volume = (Datum) 0;
	TimestampTz named;
	TimestampTz start;

	read_fields(import, fields);
	named = moment(import, &fields[0]);
	for (int i = 0; i < 4; i++)
	{
		static const char *const names[] = {"open", "high", "low", "close"};

		ca_import_store(
			import, CA_COLUMN_OPEN + i,
			NumericGetDatum(amount(import, &fields[1 + i], names[i])));
	}

	import->nulls[import->column[CA_COLUMN_VOLUME]] = true;
	if (import->format == CA_FORMAT_BINANCE)
		volume =
			NumericGetDatum(amount(import, field = &fields[7], "quote volume"));
	else if (import->format == CA_FORMAT_CCXT && fields[5].type != jbvNull)
		volume = NumericGetDatum(amount(import, field = &fields[5], "volume"));
	if (field != NULL)
	{
		Datum quote = quote_volume(import, volume);

		check_digits(import, DatumGetNumeric(quote), "volume in quote units");
		ca_import_store(import, CA_COLUMN_VOLUME, quote);
	}

	start = candle_start(import, named);
	ca_import_store(import, CA_COLUMN_TIME, TimestampTzGetDatum(start));
	if (exceeds(import, CA_COLUMN_OPEN, CA_COLUMN_HIGH) ||
		exceeds(import, CA_COLUMN_LOW, CA_COLUMN_HIGH) ||
		exceeds(import, CA_COLUMN_CLOSE, CA_COLUMN_HIGH) ||
		exceeds(import, CA_COLUMN_LOW, CA_COLUMN_OPEN) ||
		exceeds(import, CA_COLUMN_LOW, CA_COLUMN_CLOSE))
		refuse(import,
			   "has a high or a low that does not bound its open and close",
			   "The order is open, high, low, close.");
	if (field != NULL &&
		DatumGetInt32(DirectFunctionCall2(
			numeric_cmp, volume, NumericGetDatum(int64_to_numeric(0)))) < 0)
		refuse(import, "has a negative volume", "An unknown volume is null.");
	return start;
}
