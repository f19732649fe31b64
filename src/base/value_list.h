/*-------------------------------------------------------------------------
 *
 * value_list.h
 *		The state of aggregates that need every value: a list that grows.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_VALUE_LIST_H
#define CA_VALUE_LIST_H

#include "postgres.h"

#include "lib/stringinfo.h"

typedef struct CaValueList
{
	size_t count;
	size_t capacity;
	double *values; /* in order of arrival */
} CaValueList;

extern void ca_value_list_init(CaValueList *list, MemoryContext context,
							   size_t capacity);
extern void ca_value_list_add(CaValueList *list, double value);
extern void ca_value_list_append(CaValueList *list, const CaValueList *other);
extern void ca_value_list_send(StringInfo buf, const CaValueList *list,
							   const char *aggregate);
extern void ca_value_list_receive(StringInfo buf, CaValueList *list,
								  const char *aggregate);

#endif /* CA_VALUE_LIST_H */
