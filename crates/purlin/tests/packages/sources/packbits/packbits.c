#include "packbits.h"

size_t packbits_pack(const unsigned char *from, size_t length, unsigned char *to) {
    size_t written = 0;
    for (size_t at = 0; at < length;) {
        size_t run = 1;
        while (at + run < length && run < 255 && from[at + run] == from[at]) run++;
        to[written++] = (unsigned char)run;
        to[written++] = from[at];
        at += run;
    }
    return written;
}

size_t packbits_unpack(const unsigned char *from, size_t length, unsigned char *to) {
    size_t written = 0;
    for (size_t at = 0; at + 1 < length; at += 2)
        for (unsigned char left = from[at]; left > 0; left--) to[written++] = from[at + 1];
    return written;
}

const char *packbits_version(void) { return VERSION; }
