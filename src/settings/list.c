/*-------------------------------------------------------------------------
 *
 * list.c
 *		Settings that are lists.
 *
 *		list = [ entry { "," entry } ]
 *
 * Blanks, which are spaces and tabs, may surround an entry and each of its parts.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "utils/array.h"
#include "utils/builtins.h"

#include "settings/list.h"

static void
skip_blanks(const char **at)
{
	while (**at == ' ' || **at == '\t')
		(*at)++;
}

/*
 * Read a list.  Returns NULL, or what is wrong with it, as an error detail.
 */
const char *
ca_list_read(const char *text, CaListEntryReader read_entry, void *result)
{
	const char *at = text;

	skip_blanks(&at);
	if (*at == '\0')
		return NULL;
	do
	{
		const char *entry;

		skip_blanks(&at);
		entry = at;
		if (*entry == '\0')
			return "Nothing follows the last comma.";
		if (!read_entry(&at, result))
			return psprintf("Cannot read it from \"%s\" on.", entry);
		skip_blanks(&at);
		if (*at != ',' && *at != '\0')
			return psprintf("Cannot read it from \"%s\" on.", entry);
	} while (*at++ == ',');
	return NULL;
}

/* read a timeframe, and blanks after it; NULL if it is none */
const CaTimeframe *
ca_list_timeframe(const char **at)
{
	const char *code = *at;
	const CaTimeframe *timeframe;

	while (isalnum((unsigned char) **at))
		(*at)++;
	timeframe = ca_timeframe_find(code, *at - code);
	skip_blanks(at);
	return timeframe;
}

/* read a symbol, and blanks after it; false if it is another one */
bool
ca_list_symbol(const char **at, char symbol)
{
	if (**at != symbol)
		return false;
	(*at)++;
	skip_blanks(at);
	return true;
}

static bool
read_timeframe(const char **at, void *result)
{
	bool *named = result;
	const CaTimeframe *timeframe = ca_list_timeframe(at);

	if (timeframe == NULL || named[ca_timeframe_index(timeframe)])
		return false;
	named[ca_timeframe_index(timeframe)] = true;
	return true;
}

const char *
ca_read_timeframes(const CaSetting *setting, const char *text, void *result)
{
	memset(result, false, sizeof(bool) * CA_TIMEFRAMES);
	return ca_list_read(text, read_timeframe, result);
}

/* the codes of the named timeframes, finest first, as an array of text */
Datum
ca_timeframe_codes(const bool *named)
{
	Datum codes[CA_TIMEFRAMES];
	int ncodes = 0;

	for (int i = 0; i < CA_TIMEFRAMES; i++)
		if (named[i])
			codes[ncodes++] =
				CStringGetTextDatum(ca_timeframe_by_index(i)->code);
	return PointerGetDatum(
		construct_array(codes, ncodes, TEXTOID, -1, false, TYPALIGN_INT));
}
