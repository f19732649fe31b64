/*-------------------------------------------------------------------------
 *
 * list.h
 *		Settings that are lists.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SETTINGS_LIST_H
#define CA_SETTINGS_LIST_H

#include "base/timeframe.h"

/*
 * Reads the entry at *at into the result, and moves *at past it.  Returns false if
 * the entry is malformed or repeats an earlier one.
 */
typedef bool (*CaListEntryReader)(const char **at, void *result);

extern const char *ca_list_read(const char *text, CaListEntryReader read_entry,
								void *result);
extern const CaTimeframe *ca_list_timeframe(const char **at);
extern bool ca_list_symbol(const char **at, char symbol);

#endif /* CA_SETTINGS_LIST_H */
