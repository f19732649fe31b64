/*-------------------------------------------------------------------------
 *
 * server.h
 *		What a parser needs from a backend: memory contexts, errors, settings.
 *
 *-------------------------------------------------------------------------
 */
#ifndef FUZZ_SERVER_H
#define FUZZ_SERVER_H

#include "base/compat.h"

#include "fmgr.h"

extern int LLVMFuzzerInitialize(int *argc, char ***argv);
extern int LLVMFuzzerTestOneInput(const uint8 *data, size_t size);

typedef void (*Parser)(const uint8 *data, size_t size);

extern void require(bool holds);
extern bool is_text(const uint8 *data, size_t size);
extern bool parse(Parser parser, const uint8 *data, size_t size);
extern bool call(PGFunction function, int nargs, const Datum *arguments,
				 Datum *result);
extern text *exact_text(const void *data, size_t size);

#endif /* FUZZ_SERVER_H */
