/*-------------------------------------------------------------------------
 *
 * options.c
 *		Settings that are lists of key=value.
 *
 *		options = [ entry { "," entry } ]
 *		entry   = key "=" value
 *		value   = digits [ "." digits ] | "on" | "off"
 *
 * A key that is not named has its default.  An unknown key, one that is named twice
 * and a value out of bounds are errors.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <ctype.h>

#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/float.h"

#include "settings/list.h"
#include "settings/options.h"

PG_FUNCTION_INFO_V1(ca_option);
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
	if (option->kind == CA_OPTION_SWITCH
			? !read_switch(at, &value)
			: !read_number(at, option->kind == CA_OPTION_WHOLE, &value))
		return false;
	if (value < option->least || value > option->greatest)
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

/*
 * ca_option(setting, key) -> double precision; a switch is 1 or 0
 *
 * Errors: 22023 if the setting or the key is unknown, or the setting is invalid.
 */
Datum
ca_option(PG_FUNCTION_ARGS)
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
	PG_RETURN_FLOAT8(values[place]);
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
		appendStringInfo(&json, "%s\"%s\": %s", i == 0 ? "{" : ", ",
						 setting->options[i].key,
						 setting->options[i].kind == CA_OPTION_SWITCH
							 ? (values[i] != 0 ? "true" : "false")
							 : float8out_internal(values[i]));
	appendStringInfoChar(&json, '}');
	PG_RETURN_TEXT_P(cstring_to_text_with_len(json.data, json.len));
}
