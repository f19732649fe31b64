/*-------------------------------------------------------------------------
 *
 * number.c
 *		The texts that an import accepts as numbers:
 *
 *		[-+]?[0-9]{1,255}([.][0-9]{0,255})?([eE][-+]?[0-9]{1,3})?
 *
 * This excludes NaN, infinity, hexadecimal numbers and blanks, and it bounds the memory
 * that a number takes.  Plain C.
 *
 *-------------------------------------------------------------------------
 */
#include "import/number.h"

#define MAX_DIGITS 255
#define MAX_EXPONENT_DIGITS 3

/* the number of digits from text[at] on */
static int
count_digits(const char *text, int length, int at)
{
	int n = 0;

	while (at + n < length && text[at + n] >= '0' && text[at + n] <= '9')
		n++;
	return n;
}

/* the position after a sign at text[at], if there is one */
static int
skip_sign(const char *text, int length, int at)
{
	return at + (at < length && (text[at] == '-' || text[at] == '+'));
}

/* whether the text, which need not end in a zero byte, is such a number */
bool
ca_import_is_number(const char *text, int length)
{
	int at = skip_sign(text, length, 0);
	int digits = count_digits(text, length, at);

	if (digits < 1 || digits > MAX_DIGITS)
		return false;
	at += digits;

	if (at < length && text[at] == '.')
	{
		digits = count_digits(text, length, ++at);
		if (digits > MAX_DIGITS)
			return false;
		at += digits;
	}
	if (at < length && (text[at] == 'e' || text[at] == 'E'))
	{
		at = skip_sign(text, length, at + 1);
		digits = count_digits(text, length, at);
		if (digits < 1 || digits > MAX_EXPONENT_DIGITS)
			return false;
		at += digits;
	}
	return at == length;
}

/* whether a number with so many digits would be accepted as text */
bool
ca_import_number_is_short(int integer_digits, int decimals)
{
	return integer_digits <= MAX_DIGITS && decimals <= MAX_DIGITS;
}
