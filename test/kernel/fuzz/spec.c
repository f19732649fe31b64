/*-------------------------------------------------------------------------
 *
 * spec.c
 *		The spec of update_technical_indicators(), and its values for candles.
 *
 * An input is a byte for the convention, then JSON.
 *
 *-------------------------------------------------------------------------
 */
#include "server.h"

#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"

#include "indicators/spec.h"

/* larger states take long and find nothing new */
#define MAX_STATE (256 * 1024)

#define BARS 40

static void
compute(const CaSpec *spec)
{
	size_t size = ca_series_indicators_size(spec->requests, spec->nrequests);
	CaSeriesIndicators *indicators;

	if (size > MAX_STATE)
		return;
	indicators = ca_series_indicators_init(palloc0(size), spec->requests,
										   spec->nrequests);
	for (int i = 0; i < BARS; i++)
	{
		int64 price = (100 + i * 7 % 13) * CA_E8_ONE;
		CaBar bar = {ca_price_from_e8(price + CA_E8_ONE),
					 ca_price_from_e8(price - CA_E8_ONE),
					 ca_price_from_e8(price)};
		Jsonb *json;

		ca_series_indicators_update(indicators, &bar);
		json = ca_spec_values(spec, indicators);
		require(JB_ROOT_IS_OBJECT(json));
		(void) JsonbToCString(NULL, &json->root, VARSIZE(json));
	}
}

static void
read_spec(const uint8 *data, size_t size)
{
	char *json = pnstrdup((const char *) data + 1, size - 1);
	CaSpec spec;

	ca_spec_get(
		DatumGetJsonbP(DirectFunctionCall1(jsonb_in, CStringGetDatum(json))),
		(CaConvention) (data[0] % (CA_PANDAS + 1)), &spec);
	require(spec.nrequests >= 1 && spec.nrequests <= CA_MAX_REQUESTS);
	compute(&spec);
}

int
LLVMFuzzerTestOneInput(const uint8 *data, size_t size)
{
	if (size > 0 && is_text(data + 1, size - 1))
		parse(read_spec, data, size);
	return 0;
}
