/*-------------------------------------------------------------------------
 *
 * regime.h
 *		The settings of the market's regime.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SETTINGS_REGIME_H
#define CA_SETTINGS_REGIME_H

extern void ca_define_regime_settings(void);

#endif /* CA_SETTINGS_REGIME_H */
