/*-------------------------------------------------------------------------
 *
 * rows.c
 *		Conversion of candles between rows of the tables and segments.
 *
 * Nearly every number is small and is read from the digits of numeric.  All others
 * become the text that numeric prints, and numeric's input reads them back.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"

#include "numeric/numeric.h"
#include "numeric/numeric_decimal64.h"
#include "segment/table/rows.h"

/* a row has the numbers of a segment side by side, in the same order */
StaticAssertDecl(CA_ROW_MARKET_CAP - CA_ROW_OPEN + 1 == CA_SEGMENT_NUMBERS,
				 "a row has the numbers of a segment");

static void
number_from_datum(Datum value, CaBuilderNumber *number)
{
	CaDecimal64 small;

	if (!ca_decimal64_from_numeric(value, &small))
	{
		CaDecimal decimal;

		if (!ca_numeric_is_finite(value))
			ereport(ERROR, errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					errmsg("numbers of a candle must be finite"),
					errhint("Use NULL for an unknown number."));
		decimal = ca_decimal_from_numeric(value);
		if (!ca_decimal64_from_decimal(&decimal, &small))
		{
			char *text =
				DatumGetCString(DirectFunctionCall1(numeric_out, value));

			number->is_text = true;
			number->text = (CaSegmentText){text, strlen(text)};
			return;
		}
	}
	number->value = small.value;
	number->scale = small.scale;
}

static Datum
number_to_datum(const CaBuilderNumber *number)
{
	CaDecimal decimal = ca_decimal_fixed(number->value, number->scale);

	if (number->is_text)
		return DirectFunctionCall3(
			numeric_in,
			CStringGetDatum(pnstrdup(number->text.data, number->text.length)),
			ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	return NumericGetDatum(ca_decimal_to_numeric(&decimal));
}

/* the tables have no such NULL, but a row that a caller builds may */
static void
refuse_null(const bool *nulls, int column)
{
	if (nulls[column])
		ereport(ERROR, errcode(ERRCODE_NOT_NULL_VIOLATION),
				errmsg("identifier, times and prices of a candle must not be "
					   "NULL"),
				errhint("volume, market_cap and technical_indicators may be "
						"NULL."),
				err_generic_string(PG_DIAG_TABLE_NAME, "price_data_compressed"),
				err_generic_string(PG_DIAG_CONSTRAINT_NAME,
								   "price_data_compressed_known"));
}

/*
 * A candle from the columns of a row.  Texts of numbers that are not small are
 * allocated in the current memory context; technical_indicators are not copied.
 * Errors: 23502 for a NULL, 22003 for a number that is not finite.
 */
void
ca_row_from_values(const Datum *values, const bool *nulls, CaRow *row)
{
	CaBuilderCandle *candle = &row->candle;

	refuse_null(nulls, CA_ROW_ID);
	refuse_null(nulls, CA_ROW_TIME);
	refuse_null(nulls, CA_ROW_CREATED);
	for (int i = CA_ROW_OPEN; i <= CA_ROW_CLOSE; i++)
		refuse_null(nulls, i);
	candle->id = DatumGetInt64(values[CA_ROW_ID]);
	candle->time = DatumGetTimestampTz(values[CA_ROW_TIME]);
	candle->created_at = DatumGetTimestampTz(values[CA_ROW_CREATED]);
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
	{
		candle->number[i] =
			(CaBuilderNumber){.is_null = nulls[CA_ROW_OPEN + i]};
		if (!candle->number[i].is_null)
			number_from_datum(values[CA_ROW_OPEN + i], &candle->number[i]);
	}
	row->has_indicators = !nulls[CA_ROW_INDICATORS];
	row->indicators = values[CA_ROW_INDICATORS];
}

/*
 * The columns of a candle's row, except asset and timeframe.  Numbers are allocated
 * in the current memory context.
 */
void
ca_row_to_values(const CaRow *row, Datum *values, bool *nulls)
{
	const CaBuilderCandle *candle = &row->candle;

	values[CA_ROW_ID] = Int64GetDatum(candle->id);
	values[CA_ROW_TIME] = TimestampTzGetDatum(candle->time);
	values[CA_ROW_CREATED] = TimestampTzGetDatum(candle->created_at);
	nulls[CA_ROW_ID] = nulls[CA_ROW_TIME] = nulls[CA_ROW_CREATED] = false;
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
	{
		nulls[CA_ROW_OPEN + i] = candle->number[i].is_null;
		values[CA_ROW_OPEN + i] = candle->number[i].is_null
									  ? (Datum) 0
									  : number_to_datum(&candle->number[i]);
	}
	nulls[CA_ROW_INDICATORS] = !row->has_indicators;
	values[CA_ROW_INDICATORS] = row->indicators;
}

/*
 * Copy what a candle points to into the current memory context, indicators
 * uncompressed and in line.
 */
void
ca_row_keep(CaRow *row)
{
	for (int i = 0; i < CA_SEGMENT_NUMBERS; i++)
	{
		CaBuilderNumber *number = &row->candle.number[i];

		if (number->is_text)
			number->text.data =
				pnstrdup(number->text.data, number->text.length);
	}
	if (row->has_indicators)
		row->indicators =
			PointerGetDatum(PG_DETOAST_DATUM_COPY(row->indicators));
}
