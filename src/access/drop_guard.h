/*-------------------------------------------------------------------------
 *
 * drop_guard.h
 *		Tables that hold rows are not dropped by accident.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_DROP_GUARD_H
#define CA_DROP_GUARD_H

extern void ca_define_drop_setting(void);

#endif
