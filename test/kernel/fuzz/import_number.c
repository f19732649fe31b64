/*-------------------------------------------------------------------------
 *
 * import_number.c
 *		The texts that an import accepts as numbers, compared with a second
 *		implementation of the pattern in number.c.
 *
 *-------------------------------------------------------------------------
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "import/number.h"

extern int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* the pattern as a state machine */
static bool
matches(const uint8_t *data, size_t size)
{
	enum
	{
		START,
		SIGN,
		WHOLE,
		POINT,
		E,
		E_SIGN,
		EXPONENT
	} state = START;
	int digits = 0;

	for (size_t i = 0; i < size; i++)
	{
		bool digit = data[i] >= '0' && data[i] <= '9';
		bool sign = data[i] == '-' || data[i] == '+';
		bool e = data[i] == 'e' || data[i] == 'E';

		if (digit)
		{
			if (state == START || state == SIGN)
			{
				state = WHOLE;
				digits = 0;
			}
			else if (state == E || state == E_SIGN)
			{
				state = EXPONENT;
				digits = 0;
			}
			if (++digits > (state == EXPONENT ? 3 : 255))
				return false;
		}
		else if (sign && state == START)
			state = SIGN;
		else if (sign && state == E)
			state = E_SIGN;
		else if (data[i] == '.' && state == WHOLE)
		{
			state = POINT;
			digits = 0;
		}
		else if (e && (state == WHOLE || state == POINT))
			state = E;
		else
			return false;
	}
	return state == WHOLE || state == POINT || state == EXPONENT;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a separate allocation, so that AddressSanitizer watches its end */
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text + 1, data, size);
	if (ca_import_is_number(text + 1, (int) size) != matches(data, size))
		abort();
	free(text);
	return 0;
}
