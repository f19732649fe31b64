/*-------------------------------------------------------------------------
 *
 * element.h
 *		The candle that an element of an import stands for.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_IMPORT_ELEMENT_H
#define CA_IMPORT_ELEMENT_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "utils/jsonb.h"

#include "timeframe.h"

typedef enum CaImportFormat
{
	CA_FORMAT_CCXT,
	CA_FORMAT_BINANCE,
	CA_FORMAT_COINGECKO
} CaImportFormat;

/* the columns of price_data that an import fills */
typedef enum CaImportColumn
{
	CA_COLUMN_ASSET,
	CA_COLUMN_TIMEFRAME,
	CA_COLUMN_OPEN,
	CA_COLUMN_HIGH,
	CA_COLUMN_LOW,
	CA_COLUMN_CLOSE,
	CA_COLUMN_VOLUME,
	CA_COLUMN_TIME,
	CA_COLUMNS
} CaImportColumn;

/* what an import works with; index and element are those being read */
typedef struct CaImport
{
	CaImportFormat format;
	bool base_volume;
	const CaTimeframe *timeframe;
	TupleDesc row_type;
	int column[CA_COLUMNS]; /* where the column is in row_type, from 0 */
	Datum *values;          /* of a row */
	bool *nulls;
	int64 index;
	const JsonbValue *element;
} CaImport;

extern void ca_import_store(CaImport *import, CaImportColumn column,
							Datum value);
extern TimestampTz ca_import_read(CaImport *import);

#endif /* CA_IMPORT_ELEMENT_H */
