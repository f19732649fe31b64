/*-------------------------------------------------------------------------
 *
 * retention.h
 *		The setting cryptoanalytics.retention.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_RETENTION_H
#define CA_RETENTION_H

extern void ca_define_retention_setting(void);

#endif /* CA_RETENTION_H */
