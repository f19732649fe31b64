/*-------------------------------------------------------------------------
 *
 * ordered.h
 *		Analytics that depend on the order of rows: kernels of the form that
 *		indicators have.
 *
 * Plain C.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ANALYTICS_ORDERED_H
#define CA_ANALYTICS_ORDERED_H

#include "indicators/kernel/indicator.h"

extern const CaIndicator ca_drawdown;
extern const CaIndicator ca_max_drawdown;
extern const CaIndicator ca_ulcer_index;
extern const CaIndicator ca_choppiness;

#endif /* CA_ANALYTICS_ORDERED_H */
