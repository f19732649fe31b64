/*-------------------------------------------------------------------------
 *
 * value_list.c
 *		The state of aggregates that need every value: a list that grows.
 *
 * The list has 8 bytes per value, grows by doubling and is not limited by
 * work_mem: it takes up to 16 bytes per value, and up to 24 for a moment while
 * it grows.  A list that goes from a parallel worker to its leader must stay
 * below 1 GB, 134 million values; more are 54000.
 *
 *-------------------------------------------------------------------------
 */
#include "postgres.h"

#include "lib/stringinfo.h"
#include "libpq/pqformat.h"
#include "miscadmin.h"
#include "utils/memutils.h"

#include "base/value_list.h"

#define INITIAL_CAPACITY 16

/*
 * Begin a list in this memory context, where it stays when it grows.
 */
void
ca_value_list_init(CaValueList *list, MemoryContext context, size_t capacity)
{
	list->count = 0;
	list->capacity = Max(capacity, INITIAL_CAPACITY);
	list->values =
		MemoryContextAllocHuge(context, list->capacity * sizeof(double));
}

/*
 * Make room.  Doubling cannot wrap: repalloc_huge refuses half of size_t.
 */
static void
reserve(CaValueList *list, size_t more)
{
	size_t capacity = list->capacity;

	while (capacity - list->count < more)
		capacity *= 2;
	if (capacity > list->capacity)
	{
		list->values = repalloc_huge(list->values, capacity * sizeof(double));
		list->capacity = capacity;
	}
}

void
ca_value_list_add(CaValueList *list, double value)
{
	reserve(list, 1);
	list->values[list->count++] = value;
}

void
ca_value_list_append(CaValueList *list, const CaValueList *other)
{
	reserve(list, other->count);
	memcpy(list->values + list->count, other->values,
		   other->count * sizeof(double));
	list->count += other->count;
}

/*
 * Write a list to a message.  Errors: 54000 for one that is too long, of the
 * aggregate of this name.
 */
void
ca_value_list_send(StringInfo buf, const CaValueList *list,
				   const char *aggregate)
{
	size_t limit = (MaxAllocSize - 1024) / sizeof(double);

	if (list->count > limit)
		ereport(
			ERROR, errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
			errmsg("too many rows for one worker of a parallel %s", aggregate),
			errdetail("There are %zu rows; the limit is %zu.", list->count,
					  limit),
			errhint("Set max_parallel_workers_per_gather to 0."));

	enlargeStringInfo(buf, (int) ((list->count + 1) * sizeof(double)));
	pq_sendint64(buf, (int64) list->count);
	for (size_t i = 0; i < list->count; i++)
	{
		CHECK_FOR_INTERRUPTS();
		pq_sendfloat8(buf, list->values[i]);
	}
}

/*
 * Read a list from a message, into the current memory context.
 */
void
ca_value_list_receive(StringInfo buf, CaValueList *list, const char *aggregate)
{
	int64 count = pq_getmsgint64(buf);

	if (count < 0 ||
		count > (int64) ((buf->len - buf->cursor) / sizeof(double)))
		ereport(ERROR, errcode(ERRCODE_PROTOCOL_VIOLATION),
				errmsg("number of values in a state of %s does not match its "
					   "length",
					   aggregate),
				errdetail("The state claims %lld values in %d bytes.",
						  (long long) count, buf->len));

	ca_value_list_init(list, CurrentMemoryContext, (size_t) count);
	while (list->count < (size_t) count)
	{
		CHECK_FOR_INTERRUPTS();
		list->values[list->count++] = pq_getmsgfloat8(buf);
	}
}
