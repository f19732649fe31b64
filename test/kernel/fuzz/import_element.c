/*-------------------------------------------------------------------------
 *
 * import_element.c
 *		The elements of the arrays that import_ohlcv() takes.
 *
 * An input is one byte for the format, one for the unit of the volume and the
 * handling of bad candles, one for the timeframe, then JSON: an array whose
 * elements are read.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "import/element.h"
#include "numeric/numeric.h"

#define HEAD 3

static bool
above(const CaImport *import, CaImportColumn a, CaImportColumn b)
{
	return DatumGetBool(DirectFunctionCall2(numeric_gt,
											import->values[import->column[a]],
											import->values[import->column[b]]));
}

static void
read_element(CaImport *import)
{
	TimestampTz start;
	Datum volume;

	if (!ca_import_read(import, &start))
	{
		require(import->first_problem != NULL);
		return;
	}
	require(IS_VALID_TIMESTAMP(start));
	require(ca_timeframe_at(import->timeframe, start) == start);
	require(!above(import, CA_IMPORT_LOW, CA_IMPORT_OPEN));
	require(!above(import, CA_IMPORT_LOW, CA_IMPORT_CLOSE));
	require(!above(import, CA_IMPORT_OPEN, CA_IMPORT_HIGH));
	require(!above(import, CA_IMPORT_CLOSE, CA_IMPORT_HIGH));
	for (int i = CA_IMPORT_OPEN; i <= CA_IMPORT_CLOSE; i++)
		require(ca_numeric_fits(import->values[import->column[i]]));
	volume = import->values[import->column[CA_IMPORT_VOLUME]];
	if (!import->nulls[import->column[CA_IMPORT_VOLUME]])
		require(ca_numeric_fits(volume));
}

static void
import_array(const uint8 *data, size_t size)
{
	CaImport import = {
		.format = (CaImportFormat) (data[0] % (CA_FORMAT_COINGECKO + 1)),
		.base_volume = data[1] % 2 != 0,
		.bad = (CaBadCandles) (data[1] / 2 % (CA_BAD_MEND + 1)),
		.trust_times = data[1] / 6 % 2 == 0,
		.context = CurrentMemoryContext,
		.timeframe = ca_timeframe_by_index(data[2] % CA_TIMEFRAMES)};
	Datum values[CA_IMPORT_COLUMNS];
	bool nulls[CA_IMPORT_COLUMNS];
	Jsonb *json = DatumGetJsonbP(DirectFunctionCall1(
		jsonb_in,
		CStringGetDatum(pnstrdup((const char *) data + HEAD, size - HEAD))));
	JsonbIterator *it = JsonbIteratorInit(&json->root);
	JsonbValue element;

	if (!JB_ROOT_IS_ARRAY(json) || JB_ROOT_IS_SCALAR(json))
		return;
	import.row_type = CreateTemplateTupleDesc(CA_IMPORT_COLUMNS);
	import.values = values;
	import.nulls = nulls;
	memset(nulls, true, sizeof(nulls));
	for (int i = 0; i < CA_IMPORT_COLUMNS; i++)
		import.column[i] = i;

	(void) JsonbIteratorNext(&it, &element, true);
	for (; JsonbIteratorNext(&it, &element, true) == WJB_ELEM; import.index++)
	{
		import.element = &element;
		read_element(&import);
	}
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	if (size >= HEAD && is_text(data + HEAD, size - HEAD))
		parse(import_array, data, size);
	return 0;
}
