/*-------------------------------------------------------------------------
 *
 * element.h
 *		Reading one element of an import as a candle.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_IMPORT_ELEMENT_H
#define CA_IMPORT_ELEMENT_H

#include "postgres.h"

#include "access/tupdesc.h"
#include "datatype/timestamp.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

#include "base/timeframe.h"

typedef enum CaImportFormat
{
	CA_FORMAT_CCXT,
	CA_FORMAT_BINANCE,
	CA_FORMAT_COINGECKO
} CaImportFormat;

/* what to do with a candle whose prices or volume are impossible */
typedef enum CaBadCandles
{
	CA_BAD_REFUSE,
	CA_BAD_SKIP,
	CA_BAD_MEND
} CaBadCandles;

/* the columns of price_data that an import fills */
typedef enum CaImportColumn
{
	CA_IMPORT_ASSET,
	CA_IMPORT_TIMEFRAME,
	CA_IMPORT_OPEN,
	CA_IMPORT_HIGH,
	CA_IMPORT_LOW,
	CA_IMPORT_CLOSE,
	CA_IMPORT_VOLUME,
	CA_IMPORT_TIME,
	CA_IMPORT_COLUMNS
} CaImportColumn;

#define CA_NUMBER_HINT \
	"Prices, volumes and times are JSON numbers or strings that hold one."

/* the state of an import; index and element are those being read */
typedef struct CaImport
{
	CaImportFormat format;
	bool base_volume;
	CaBadCandles bad;
	bool trust_times;
	const CaTimeframe *timeframe;
	TupleDesc row_type;
	int column[CA_IMPORT_COLUMNS]; /* its index in row_type, from 0 */
	Datum *values;                 /* of the row */
	bool *nulls;
	int64 index;
	const JsonbValue *element;
	MemoryContext context; /* outlives an element */
	char *first_problem;   /* of the first impossible candle */
	bool is_mended;        /* the present element is */
	int64 mended;
	int64 skipped;
} CaImport;

extern void ca_import_refuse(const CaImport *import, const char *problem,
							 const char *hint);
extern Numeric ca_import_number(const JsonbValue *field);
extern TimestampTz ca_import_start(const CaImport *import,
								   const JsonbValue *fields);
extern void ca_import_store(CaImport *import, CaImportColumn column,
							Datum value);
extern bool ca_import_read(CaImport *import, TimestampTz *start);

#endif /* CA_IMPORT_ELEMENT_H */
