/*-------------------------------------------------------------------------
 *
 * lockout.h
 *		The settings of the lockout after failed logins.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_LOCKOUT_H
#define CA_LOCKOUT_H

extern void ca_define_lockout_settings(void);

#endif /* CA_LOCKOUT_H */
