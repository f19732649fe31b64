/*-------------------------------------------------------------------------
 *
 * market.h
 *		The settings of market snapshots.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SETTINGS_MARKET_H
#define CA_SETTINGS_MARKET_H

extern void ca_define_market_settings(void);

#endif /* CA_SETTINGS_MARKET_H */
