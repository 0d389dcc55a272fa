#ifndef PACKBITS_H
#define PACKBITS_H
#include <stddef.h>
/* Runs of equal bytes become a count and the byte. The room at `to` must be twice `length`. */
size_t packbits_pack(const unsigned char *from, size_t length, unsigned char *to);
size_t packbits_unpack(const unsigned char *from, size_t length, unsigned char *to);
const char *packbits_version(void);
#endif
