/*-------------------------------------------------------------------------
 *
 * row_user.h
 *		Whose rows a session may see.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_ROW_USER_H
#define CA_ROW_USER_H

extern void ca_define_user_setting(void);

#endif /* CA_ROW_USER_H */
