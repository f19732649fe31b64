/*-------------------------------------------------------------------------
 *
 * lockout.h
 *		The settings of how failed logins lock an account.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_LOCKOUT_H
#define CA_LOCKOUT_H

extern void ca_define_lockout_settings(void);

#endif
