/*-------------------------------------------------------------------------
 *
 * archive.h
 *		The settings of archiving.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ARCHIVE_H
#define CA_ARCHIVE_H

extern void ca_define_archive_settings(void);

#endif /* CA_ARCHIVE_H */
