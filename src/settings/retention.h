/*-------------------------------------------------------------------------
 *
 * retention.h
 *		The settings of archiving.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_RETENTION_H
#define CA_RETENTION_H

extern void ca_define_archive_settings(void);

#endif /* CA_RETENTION_H */
