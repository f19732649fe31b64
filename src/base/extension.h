/*-------------------------------------------------------------------------
 *
 * extension.h
 *		Where the extension's objects are.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_EXTENSION_H
#define CA_EXTENSION_H

#include "postgres.h"

extern Oid ca_extension_schema(void);
extern const char *ca_quoted_schema(Oid schema);

#endif /* CA_EXTENSION_H */
