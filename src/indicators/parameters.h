/*-------------------------------------------------------------------------
 *
 * parameters.h
 *		The parameters of an indicator, as arguments of an SQL call.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_PARAMETERS_H
#define CA_PARAMETERS_H

#include "postgres.h"

#include "fmgr.h"

#include "indicators/kernel/indicator.h"

extern CaConvention ca_get_convention(const text *name);
extern void ca_check_period(const CaIndicator *indicator, int i, double period);
extern void ca_check_multiplier(const CaIndicator *indicator,
								double multiplier);
extern void ca_check_parameters(const CaIndicator *indicator,
								const CaParameters *parameters);
extern void ca_get_parameters(FunctionCallInfo fcinfo,
							  const CaIndicator *indicator,
							  CaParameters *parameters);
extern void ca_check_same_parameters(FunctionCallInfo fcinfo,
									 const CaIndicator *indicator,
									 const CaParameters *parameters);

#endif /* CA_PARAMETERS_H */
