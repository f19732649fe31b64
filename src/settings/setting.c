/*-------------------------------------------------------------------------
 *
 * setting.c
 *		Settings whose text the extension parses: one place to check, keep and
 *		read them.
 *
 * Before the library is loaded, PostgreSQL accepts any text for a setting with our
 * prefix.  Such a text, set in the session, for a role or for a database, is checked
 * when the library is loaded.  PostgreSQL would replace an invalid one by the default,
 * so that candles would be archived, and logs pruned, after a period that nobody chose.
 * So an invalid text is kept, with a warning, and whatever reads the setting raises an
 * error until it is corrected.  The same holds for texts stored by ALTER ROLE and
 * ALTER DATABASE if the library is preloaded.  SET refuses an invalid text at once
 * if the library is loaded.
 *
 * This is what "suspends" asks for; without it, the default replaces an invalid text.
 *
 * A new setting takes a CaSetting, a check hook of one line that calls
 * ca_check_setting(), a call of ca_define_setting() from _PG_init(), and a function
 * that SQL calls and that reads the setting by ca_read_setting().  SQL never compares
 * the text.
 *
 *-------------------------------------------------------------------------
 */
#include "base/compat.h"

#include <ctype.h>

#include "access/parallel.h"
#include "fmgr.h"
#include "utils/builtins.h"

#include "settings/setting.h"

PG_FUNCTION_INFO_V1(ca_setting_is_valid);

/* room for the result of any reader */
typedef union SettingValue
{
	int64 number;
	char other[1024];
} SettingValue;

static CaSetting *settings;

/* while the library is being loaded: values now come from before that */
static bool beginning;

void
ca_begin_settings(void)
{
	beginning = true;
}

void
ca_end_settings(void)
{
	beginning = false;
}

void
ca_define_setting(CaSetting *setting, GucContext context,
				  GucStringCheckHook check)
{
	setting->next = settings;
	settings = setting;
	DefineCustomStringVariable(setting->name, setting->description,
							   setting->details, &setting->text,
							   setting->initial, context, 0, check, NULL, NULL);
}

/*
 * Whether a text was set earlier, so that refusing it would not reach whoever set it.
 * A parallel worker accepts what its leader has.
 */
static bool
is_stored(GucSource source)
{
	return beginning || InitializingParallelWorker ||
		   (source >= PGC_S_GLOBAL && source <= PGC_S_DATABASE_USER);
}

/*
 * The body of a check hook.
 */
bool
ca_check_setting(const CaSetting *setting, char **newval, GucSource source)
{
	SettingValue result;
	const char *wrong = setting->read(setting, *newval, &result);

	if (wrong == NULL)
		return true;

	if (setting->suspends && is_stored(source))
	{
		if (!InitializingParallelWorker)
			ereport(WARNING, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					errmsg("invalid value for parameter \"%s\": \"%s\"",
						   setting->name, *newval),
					errdetail("%s Whatever depends on it fails.", wrong),
					errhint("%s", setting->hint));
		return true;
	}
	GUC_check_errdetail("%s", wrong);
	GUC_check_errhint("%s", setting->hint);
	return false;
}

/*
 * The value of a setting.  Errors: 22023 if it is invalid.
 */
void
ca_read_setting(const CaSetting *setting, void *result)
{
	const char *wrong = setting->read(setting, setting->text, result);

	if (wrong != NULL)
		ereport(ERROR, errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				errmsg("invalid value for parameter \"%s\": \"%s\"",
					   setting->name, setting->text),
				errdetail("%s", wrong),
				errhint("%s pg_settings and pg_db_role_setting show where it "
						"is set.",
						setting->hint));
}

/* milliseconds of the unit at c with this length; 0 if there is no such unit */
static int64
unit_milliseconds(const char *c, int length)
{
	static const struct
	{
		const char *name;
		int64 milliseconds;
	} units[] = {{"ms", 1},      {"s", CA_SECOND}, {"min", CA_MINUTE},
				 {"h", CA_HOUR}, {"d", CA_DAY},    {"w", 7 * CA_DAY}};

	for (int i = 0; i < lengthof(units); i++)
		if ((int) strlen(units[i].name) == length &&
			memcmp(units[i].name, c, length) == 0)
			return units[i].milliseconds;
	return 0;
}

static const char *
skip_space(const char *c)
{
	while (isspace((unsigned char) *c))
		c++;
	return c;
}

/*
 * duration = number unit		white space may surround either; 0 needs no unit
 */
const char *
ca_read_duration(const CaSetting *setting, const char *text, void *result)
{
	const char *c = skip_space(text);
	const char *start = c;
	int64 number = 0;
	int64 unit;

	for (; isdigit((unsigned char) *c); c++)
		if (__builtin_mul_overflow(number, 10, &number) ||
			__builtin_add_overflow(number, *c - '0', &number))
			return "The number is too large.";
	if (c == start)
		return "It does not begin with a number.";

	c = skip_space(c);
	start = c;
	while (isalpha((unsigned char) *c))
		c++;
	unit = unit_milliseconds(start, c - start);
	if (c == start && number == 0)
		unit = 1;
	else if (c == start && *c == '\0')
		return "It has no unit.";
	c = skip_space(c);
	if (unit == 0 || *c != '\0')
		return "What follows the number is not a unit.";

	if (__builtin_mul_overflow(number, unit, &number) ||
		number > setting->greatest)
		return "It is too long.";
	if (number < setting->least)
		return "It is too short.";
	*(int64 *) result = number;
	return NULL;
}

/* on, off and the other spellings that PostgreSQL accepts for a Boolean */
const char *
ca_read_switch(const CaSetting *setting, const char *text, void *result)
{
	return parse_bool(text, (bool *) result) ? NULL
											 : "It is neither on nor off.";
}

/* an interval of whole days and the remaining time */
Interval *
ca_duration_interval(int64 milliseconds)
{
	Interval *result = palloc0(sizeof(Interval));

	result->day = milliseconds / CA_DAY;
	result->time = (milliseconds % CA_DAY) * INT64CONST(1000);
	return result;
}

/* the setting with this name, without the prefix; NULL if there is none */
const CaSetting *
ca_find_setting(const char *name)
{
	char *full_name = psprintf("cryptoanalytics.%s", name);
	const CaSetting *setting = settings;

	while (setting != NULL && strcmp(setting->name, full_name) != 0)
		setting = setting->next;
	return setting;
}

/*
 * ca_setting_is_valid(name): whether a setting, named without the prefix, is valid;
 * true for settings that never keep an invalid text.
 */
Datum
ca_setting_is_valid(PG_FUNCTION_ARGS)
{
	const CaSetting *setting =
		ca_find_setting(text_to_cstring(PG_GETARG_TEXT_PP(0)));
	SettingValue result;

	PG_RETURN_BOOL(setting == NULL ||
				   setting->read(setting, setting->text, &result) == NULL);
}
