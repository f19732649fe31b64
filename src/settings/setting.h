/*-------------------------------------------------------------------------
 *
 * setting.h
 *		Settings whose text the extension parses.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SETTING_H
#define CA_SETTING_H

#include "postgres.h"

#include "datatype/timestamp.h"
#include "utils/guc.h"

typedef struct CaSetting CaSetting;
struct CaOption;

/*
 * Reads the text of a setting.  Returns NULL and fills in the result, whose type
 * depends on the setting, or returns what is wrong, as an error detail.
 */
typedef const char *(*CaSettingReader)(const CaSetting *setting,
									   const char *text, void *result);

struct CaSetting
{
	const char *name; /* with the prefix */
	const char *description;
	const char *details;
	const char *initial; /* the default */
	CaSettingReader read;
	const char *hint; /* how to write it */
	bool suspends;    /* an invalid text stops the work that needs it;
						 otherwise the default replaces it */
	int64 least;      /* limits of a duration, in milliseconds */
	int64 greatest;
	const struct CaOption *options; /* the keys of a list of key=value */
	/* what is wrong with values that are each in bounds; may be NULL */
	const char *(*agree)(const double *values);
	char *text; /* the present value */
	CaSetting *next;
};

/* durations, in milliseconds */
#define CA_SECOND INT64CONST(1000)
#define CA_MINUTE (60 * CA_SECOND)
#define CA_HOUR (60 * CA_MINUTE)
#define CA_DAY (24 * CA_HOUR)

extern void ca_begin_settings(void);
extern void ca_end_settings(void);
extern void ca_define_setting(CaSetting *setting, GucContext context,
							  GucStringCheckHook check);
extern bool ca_check_setting(const CaSetting *setting, char **newval,
							 GucSource source);
extern void ca_read_setting(const CaSetting *setting, void *result);
extern const CaSetting *ca_find_setting(const char *name);

/* readers: the result is an int64 of milliseconds, and a bool */
extern const char *ca_read_duration(const CaSetting *setting, const char *text,
									void *result);
extern const char *ca_read_switch(const CaSetting *setting, const char *text,
								  void *result);

extern Interval *ca_duration_interval(int64 milliseconds);

/* hints for those readers */
#define CA_DURATION_HINT \
	"Write a number and a unit, such as '90d'. Units are ms, s, min, h, d and w."
#define CA_SWITCH_HINT "Write on or off."

#endif /* CA_SETTING_H */
