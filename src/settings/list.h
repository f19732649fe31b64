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
#include "settings/setting.h"

/*
 * Reads the entry at *at into the result, and moves *at past it.  Returns false if
 * the entry is malformed or repeats an earlier one.
 */
typedef bool (*CaListEntryReader)(const char **at, void *result);

extern const char *ca_list_read(const char *text, CaListEntryReader read_entry,
								void *result);
extern const CaTimeframe *ca_list_timeframe(const char **at);
extern bool ca_list_symbol(const char **at, char symbol);

/* a reader of settings that are lists of timeframes: the result is an array of bool,
   one per timeframe */
extern const char *ca_read_timeframes(const CaSetting *setting,
									  const char *text, void *result);
extern Datum ca_timeframe_codes(const bool *named);

#define CA_TIMEFRAMES_HINT                                     \
	"Write timeframes, each once, separated by commas, as in " \
	"'5m,1h,1d'. Timeframes are " CA_TIMEFRAME_CODES "."

#endif /* CA_SETTINGS_LIST_H */
