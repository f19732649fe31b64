/*-------------------------------------------------------------------------
 *
 * options.h
 *		Settings that are lists of key=value.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SETTINGS_OPTIONS_H
#define CA_SETTINGS_OPTIONS_H

#include "settings/setting.h"

/* the most keys of a setting */
#define CA_MAX_OPTIONS 64

typedef enum CaOptionKind
{
	CA_OPTION_NUMBER,
	CA_OPTION_WHOLE,  /* a number without decimals */
	CA_OPTION_SWITCH, /* on or off, as 1 or 0 */
	CA_OPTION_WORD,   /* one of the words, as its place, from 0 */
	CA_OPTION_WORDS   /* some of the words, as a bit for each place */
} CaOptionKind;

/* a key, what it is when it is not named, and the bounds of its value */
typedef struct CaOption
{
	const char *key; /* NULL after the last one */
	CaOptionKind kind;
	double initial;
	double least;
	double greatest;
	const char *words; /* what a word may be, separated by | */
} CaOption;

/* the reader of such a setting; its result is an array of CA_MAX_OPTIONS doubles */
extern const char *ca_read_options(const CaSetting *setting, const char *text,
								   void *result);

#define CA_OPTIONS_HINT                                                       \
	"Write key=value, each key once, separated by commas; a key that is not " \
	"named keeps its default."

#endif /* CA_SETTINGS_OPTIONS_H */
