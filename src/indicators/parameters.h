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

extern CaConvention ca_parameters_convention(const text *name);
extern CaConvention ca_parameters_convention_argument(FunctionCallInfo fcinfo,
													  int argument);
extern void ca_parameters_check_period(const CaIndicator *indicator, int i,
									   double period);
extern void ca_parameters_check_multiplier(const CaIndicator *indicator,
										   double multiplier);
extern void ca_parameters_check(const CaIndicator *indicator,
								const CaParameters *parameters);
extern void ca_parameters_get(FunctionCallInfo fcinfo,
							  const CaIndicator *indicator,
							  CaParameters *parameters);
extern void ca_parameters_check_same(FunctionCallInfo fcinfo,
									 const CaIndicator *indicator,
									 const CaParameters *parameters);

#endif /* CA_PARAMETERS_H */
