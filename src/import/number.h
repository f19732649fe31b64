/*-------------------------------------------------------------------------
 *
 * number.h
 *		The texts that an import accepts as numbers.
 *
 * Plain C: no PostgreSQL header is needed here.
 *
 *-------------------------------------------------------------------------
 */
#ifndef CA_IMPORT_NUMBER_H
#define CA_IMPORT_NUMBER_H

#include <stdbool.h>

extern bool ca_import_is_number(const char *text, int length);
extern bool ca_import_number_is_short(int integer_digits, int decimals);

#endif /* CA_IMPORT_NUMBER_H */
