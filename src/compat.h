/*-------------------------------------------------------------------------
 *
 * compat.h
 *		The only place where PostgreSQL versions differ, module.c aside.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_COMPAT_H
#define CA_COMPAT_H

#include "postgres.h"

/* varlena macros moved out of postgres.h in PostgreSQL 16 */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

#endif /* CA_COMPAT_H */
