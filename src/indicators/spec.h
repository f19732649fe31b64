/*-------------------------------------------------------------------------
 *
 * spec.h
 *		A spec: the JSON that says which indicators to write with a candle.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SPEC_H
#define CA_SPEC_H

#include "postgres.h"

#include "utils/jsonb.h"

#include "indicators/kernel/series_indicators.h"

#define CA_MAX_REQUESTS 64
#define CA_LABEL_BYTES 48

/* a value of an indicator that has several */
typedef struct CaSpecField
{
	const char *name;
	int value; /* which of CaValues */
} CaSpecField;

/* an indicator in a spec; its fields are in jsonb's order */
typedef struct CaSpecKey
{
	const char *key;
	const CaIndicator *indicator;
	const char *form; /* how its value may look, for a hint */
	int nfields;      /* 0 when it has a single value */
	CaSpecField fields[CA_MAX_VALUES];
} CaSpecKey;

typedef struct CaSpec
{
	int nrequests;
	CaRequest requests[CA_MAX_REQUESTS];

	/* one for each request, in jsonb's order */
	const CaSpecKey *keys[CA_MAX_REQUESTS];
	char labels[CA_MAX_REQUESTS][CA_LABEL_BYTES]; /* empty when it has none */
} CaSpec;

extern bool ca_spec_has_key(const char *name, int length);
extern void ca_spec_get(Jsonb *json, CaConvention convention, CaSpec *spec);
extern Jsonb *ca_spec_values(const CaSpec *spec,
							 const CaSeriesIndicators *indicators);

#endif /* CA_SPEC_H */
