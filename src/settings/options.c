/*-------------------------------------------------------------------------
 *
 * options.c
 *		Settings that are lists of key=value.
 *
 *		options = [ entry { "," entry } ]
 *		entry   = key "=" value
 *		value   = digits [ "." digits ] | "on" | "off" | word { "+" word }
 *
 * A key that is not named has its default.  An unknown key, one that is named twice
 * and a value out of bounds are errors.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <ctype.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "nodes/pg_list.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "settings/list.h"
#include "settings/options.h"

PG_FUNCTION_INFO_V1(ca_option);
PG_FUNCTION_INFO_V1(ca_option_words);
PG_FUNCTION_INFO_V1(ca_options);

/* what reading a list has come to */
typedef struct Reading
{
	const CaOption *options;
	double *values;
	bool named[CA_MAX_OPTIONS];
	const char *wrong; /* an error detail that says more than where it is */
} Reading;

/* the place of the key at c with this length; -1 if there is no such key */
static int
find_option(const CaOption *options, const char *c, int length)
{
	for (int i = 0; options[i].key != NULL; i++)
		if ((int) strlen(options[i].key) == length &&
			memcmp(options[i].key, c, length) == 0)
			return i;
	return -1;
}

static bool
read_switch(const char **at, double *value)
{
	const char *start = *at;

	while (isalpha((unsigned char) **at))
		(*at)++;
	*value = (*at - start == 2);
	return (*at - start == 2 && memcmp(start, "on", 2) == 0) ||
		   (*at - start == 3 && memcmp(start, "off", 3) == 0);
}

static bool
read_number(const char **at, bool whole, double *value)
{
	const char *start = *at;
	int digits = 0;

	for (; isdigit((unsigned char) **at); (*at)++)
		digits++;
	if (!whole && digits > 0 && **at == '.')
		for ((*at)++; isdigit((unsigned char) **at); (*at)++)
			digits++;
	if (digits == 0 || digits > 30)
		return false;
	/* ends where the digits do: neither a sign nor an exponent precedes that */
	*value = strtod(pnstrdup(start, *at - start), NULL);
	return true;
}

/* one of the words that an option knows */
static bool
read_word(const char **at, const char *words, int *place)
{
	const char *start = *at;
	int length;

	while (isalnum((unsigned char) **at) || **at == '_')
		(*at)++;
	length = *at - start;
	for (*place = 0;; (*place)++)
	{
		int n = strcspn(words, "|");

		if (n == length && memcmp(words, start, n) == 0)
			return true;
		if (words[n] == '\0')
			return false;
		words += n + 1;
	}
}

/* words, each once, separated by + */
static bool
read_words(const char **at, const char *words, double *value)
{
	int bits = 0;
	int place;

	do
	{
		if (bits != 0)
			(*at)++;
		if (!read_word(at, words, &place) || (bits & (1 << place)) != 0)
			return false;
		bits |= 1 << place;
	} while (**at == '+');
	*value = bits;
	return true;
}

static bool
read_value(const char **at, const CaOption *option, double *value)
{
	int place;

	switch (option->kind)
	{
		case CA_OPTION_SWITCH:
			return read_switch(at, value);
		case CA_OPTION_WORD:
			if (!read_word(at, option->words, &place))
				return false;
			*value = place;
			return true;
		case CA_OPTION_WORDS:
			return read_words(at, option->words, value);
		default:
			return read_number(at, option->kind == CA_OPTION_WHOLE, value);
	}
}

/* key=value */
static bool
read_entry(const char **at, void *result)
{
	Reading *reading = result;
	const char *key = *at;
	const CaOption *option;
	double value;
	int place;

	while (isalnum((unsigned char) **at) || **at == '_' || **at == '.')
		(*at)++;
	place = find_option(reading->options, key, *at - key);
	if (place < 0 || reading->named[place])
	{
		if (*at > key)
			reading->wrong =
				psprintf(place < 0 ? "There is no key \"%.*s\"."
								   : "The key \"%.*s\" is named twice.",
						 (int) (*at - key), key);
		return false;
	}
	option = &reading->options[place];
	while (**at == ' ' || **at == '\t')
		(*at)++;
	if (!ca_list_symbol(at, '='))
		return false;
	if (!read_value(at, option, &value))
	{
		if (option->words != NULL)
			reading->wrong = psprintf("The value of \"%s\" is not one of %s.",
									  option->key, option->words);
		return false;
	}
	if (option->words == NULL &&
		(value < option->least || value > option->greatest))
	{
		reading->wrong =
			psprintf("The value of \"%s\" is not between %g and %g.",
					 option->key, option->least, option->greatest);
		return false;
	}
	reading->values[place] = value;
	reading->named[place] = true;
	return true;
}

const char *
ca_read_options(const CaSetting *setting, const char *text, void *result)
{
	Reading reading = {.options = setting->options, .values = result};
	const char *wrong;

	for (int i = 0; setting->options[i].key != NULL; i++)
		reading.values[i] = setting->options[i].initial;
	wrong = ca_list_read(text, read_entry, &reading);
	if (wrong == NULL && setting->agree != NULL)
		return setting->agree(result);
	return wrong != NULL && reading.wrong != NULL ? reading.wrong : wrong;
}

/* a setting with options, named without the prefix, and its values */
static const CaSetting *
read_setting(FunctionCallInfo fcinfo, double *values)
{
	char *name = text_to_cstring(PG_GETARG_TEXT_PP(0));
	const CaSetting *setting = ca_find_setting(name);

	if (setting == NULL || setting->options == NULL)
		ereport(
			ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			errmsg("unknown setting"),
			errdetail("There is no setting \"%s\" with options.",
					  pnstrdup(name, pg_mbcliplen(name, strlen(name), 100))));
	ca_read_setting(setting, values);
	return setting;
}

/* the value of the key in argument 1 of the setting in argument 0 */
static const CaOption *
key_argument(FunctionCallInfo fcinfo, double *value)
{
	double values[CA_MAX_OPTIONS];
	const CaSetting *setting = read_setting(fcinfo, values);
	char *key = text_to_cstring(PG_GETARG_TEXT_PP(1));
	int place = find_option(setting->options, key, strlen(key));

	if (place < 0)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("unknown key of setting \"%s\"", setting->name),
				errdetail("There is no key \"%s\".",
						  pnstrdup(key, pg_mbcliplen(key, strlen(key), 100))));
	*value = values[place];
	return &setting->options[place];
}

/* whether a value names the word at a place */
static bool
names(const CaOption *option, double value, int place)
{
	return option->kind == CA_OPTION_WORD ? value == place
										  : ((int) value & (1 << place)) != 0;
}

/* the words that a value names, as a list of text */
static List *
named_words(const CaOption *option, double value)
{
	List *list = NIL;
	const char *words = option->words;

	for (int place = 0;; place++)
	{
		int n = strcspn(words, "|");

		if (names(option, value, place))
			list = lappend(list, pnstrdup(words, n));
		if (words[n] == '\0')
			return list;
		words += n + 1;
	}
}

/*
 * ca_option(setting, key) -> double precision; a switch is 1 or 0, a word its place
 *
 * Errors: 22023 if the setting or the key is unknown, or the setting is invalid.
 */
Datum
ca_option(PG_FUNCTION_ARGS)
{
	double value;

	key_argument(fcinfo, &value);
	PG_RETURN_FLOAT8(value);
}

/*
 * ca_option_words(setting, key) -> text[]
 *
 * Errors: 22023 if the setting or the key is unknown, if the key has no words, or if the
 * setting is invalid.
 */
Datum
ca_option_words(PG_FUNCTION_ARGS)
{
	double value;
	const CaOption *option = key_argument(fcinfo, &value);
	List *words;
	Datum *texts;
	int ntexts = 0;
	ListCell *cell;

	if (option->words == NULL)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("key \"%s\" has no words", option->key),
				errdetail("Its value is a number or a switch."));
	words = named_words(option, value);
	texts = palloc(list_length(words) * sizeof(Datum));
	foreach (cell, words)
		texts[ntexts++] = CStringGetTextDatum((char *) lfirst(cell));
	PG_RETURN_ARRAYTYPE_P(
		construct_array(texts, ntexts, TEXTOID, -1, false, TYPALIGN_INT));
}

static void
append_value(StringInfo json, const CaOption *option, double value)
{
	const char *separator = "";
	ListCell *cell;

	switch (option->kind)
	{
		case CA_OPTION_SWITCH:
			appendStringInfoString(json, value != 0 ? "true" : "false");
			break;
		case CA_OPTION_WORD:
		case CA_OPTION_WORDS:
			appendStringInfoChar(json, '"');
			foreach (cell, named_words(option, value))
			{
				appendStringInfo(json, "%s%s", separator,
								 (char *) lfirst(cell));
				separator = "+";
			}
			appendStringInfoChar(json, '"');
			break;
		default:
			appendStringInfoString(json, float8out_internal(value));
	}
}

/*
 * ca_options(setting) -> text, a JSON object of all keys with their values
 *
 * Errors: 22023 if the setting is invalid.
 */
Datum
ca_options(PG_FUNCTION_ARGS)
{
	double values[CA_MAX_OPTIONS];
	const CaSetting *setting = read_setting(fcinfo, values);
	StringInfoData json;

	initStringInfo(&json);
	for (int i = 0; setting->options[i].key != NULL; i++)
	{
		appendStringInfo(&json, "%s\"%s\": ", i == 0 ? "{" : ", ",
						 setting->options[i].key);
		append_value(&json, &setting->options[i], values[i]);
	}
	appendStringInfoChar(&json, '}');
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}
