/*-------------------------------------------------------------------------
 *
 * sectors.h
 *		The settings of sectors.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_SETTINGS_SECTORS_H
#define CA_SETTINGS_SECTORS_H

extern void ca_define_sector_settings(void);

#endif /* CA_SETTINGS_SECTORS_H */
