/*-------------------------------------------------------------------------
 *
 * query.c
 *		Running a query and handing over its rows one by one.
 *
 * The executor runs the query with the caller's permissions, row security and
 * snapshot, and sends its rows to our receiver.  No row is copied or kept, so memory
 * does not grow with their number.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include "executor/spi.h"
#include "nodes/params.h"

#include "base/query.h"

static bool
reader_receive(TupleTableSlot *slot, DestReceiver *self)
{
	CaReader *reader = (CaReader *) self;

	reader->take(slot, reader->taker);
	return reader->enough == NULL || !*reader->enough;
}

static void
reader_startup(DestReceiver *self, int operation, TupleDesc typeinfo)
{
}

static void
reader_nothing(DestReceiver *self)
{
}

/*
 * Make a receiver that hands every row to "take", which has to read the columns from
 * the slot.
 */
DestReceiver *
ca_reader_init(CaReader *reader, CaRowTaker take, void *taker)
{
	*reader = (CaReader){.receiver = {.receiveSlot = reader_receive,
									  .rStartup = reader_startup,
									  .rShutdown = reader_nothing,
									  .rDestroy = reader_nothing,
									  .mydest = DestTuplestore},
						 .take = take,
						 .taker = taker};
	return &reader->receiver;
}

/* run a query without parallel workers, during which "take" could not write */
static int
run_serial(const char *query, const CaArgument *arguments, int narguments,
		   const SPIExecuteOptions *options)
{
	Oid *types = palloc(sizeof(Oid) * Max(narguments, 1));
	SPIPlanPtr plan;

	for (int i = 0; i < narguments; i++)
		types[i] = arguments[i].type;
	plan = SPI_prepare_cursor(query, narguments, types, 0);
	if (plan == NULL)
		elog(ERROR, "cannot prepare \"%s\"", query);
	return SPI_execute_plan_extended(plan, options);
}

static void
run_query(const char *query, const CaArgument *arguments, int narguments,
		  bool read_only, CaReader *reader)
{
	ParamListInfo parameters = makeParamList(narguments);
	SPIExecuteOptions options = {.params = parameters,
								 .read_only = read_only,
								 .dest = &reader->receiver};
	int result;

	for (int i = 0; i < narguments; i++)
	{
		ParamExternData *parameter = &parameters->params[i];

		parameter->value = arguments[i].value;
		parameter->isnull = arguments[i].isnull;
		parameter->pflags = PARAM_FLAG_CONST;
		parameter->ptype = arguments[i].type;
	}

	SPI_connect();
	if (reader->enough != NULL)
		result = run_serial(query, arguments, narguments, &options);
	else
		result = SPI_execute_extended(query, &options);
	if (result != SPI_OK_SELECT)
		elog(ERROR, "cannot read rows by \"%s\"", query);
	SPI_finish();
}

/*
 * Run a query that only reads, and hand over its rows.  The search_path applies to
 * names that are not qualified.  Memory that "take" allocates is freed only after the
 * last row, so it should not allocate for every row.
 */
void
ca_read_query(const char *query, const CaArgument *arguments, int narguments,
			  CaRowTaker take, void *taker)
{
	ca_read_until(query, arguments, narguments, take, taker, NULL);
}

/*
 * As ca_read_query(), but the query ends with the row at which "take" sets *enough, and
 * "take" may write.
 */
void
ca_read_until(const char *query, const CaArgument *arguments, int narguments,
			  CaRowTaker take, void *taker, const bool *enough)
{
	CaReader reader;

	ca_reader_init(&reader, take, taker);
	reader.enough = enough;
	run_query(query, arguments, narguments, true, &reader);
}

/* as ca_read_query(), for a query that changes rows, with a snapshot of its own */
void
ca_change_query(const char *query, const CaArgument *arguments, int narguments,
				CaRowTaker take, void *taker)
{
	CaReader reader;

	ca_reader_init(&reader, take, taker);
	run_query(query, arguments, narguments, false, &reader);
}
