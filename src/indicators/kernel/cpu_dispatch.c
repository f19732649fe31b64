/*-------------------------------------------------------------------------
 *
 * cpu_dispatch.c
 *		Which kernels and columns to use on this machine: those for AVX2 or the
 *		plain ones.
 *
 * Both give the same bits.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "indicators/kernel/columns.h"
#include "indicators/kernel/indicator.h"

#ifdef __x86_64__

/* pairs that compute the same; the second needs AVX2 and FMA */
static const CaIndicator *const kernels[][2] = {
	{&ca_sma, &ca_sma_fused},
	{&ca_ema, &ca_ema_fused},
	{&ca_rsi, &ca_rsi_fused},
	{&ca_macd, &ca_macd_fused},
	{&ca_bollinger, &ca_bollinger_fused},
	{&ca_atr, &ca_atr_fused},
	{&ca_adx, &ca_adx_fused},
	{&ca_stochastic, &ca_stochastic_fused},
};

static bool
has_avx2(void)
{
	return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

#endif

/*
 * The fastest kernel of this machine that computes what this one does.
 */
const CaIndicator *
ca_cpu_indicator(const CaIndicator *indicator)
{
#ifdef __x86_64__
	if (has_avx2())
		for (size_t i = 0; i < sizeof(kernels) / sizeof(kernels[0]); i++)
			if (kernels[i][0] == indicator)
				return kernels[i][1];
#endif
	return indicator;
}

/*
 * The fastest columns of this machine.
 */
const CaColumns *
ca_cpu_columns(void)
{
#ifdef __x86_64__
	if (has_avx2())
		return &ca_columns_fused;
#endif
	return &ca_columns_plain;
}
