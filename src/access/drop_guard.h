/*-------------------------------------------------------------------------
 *
 * drop_guard.h
 *		Protects tables that hold rows from an accidental drop.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_DROP_GUARD_H
#define CA_DROP_GUARD_H

extern void ca_define_drop_setting(void);

#endif /* CA_DROP_GUARD_H */
