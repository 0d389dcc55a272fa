/* Ranges of frames, such as 1001-1048x2. */
#include "frames.h"

#include <stdio.h>

long frames_count(const char *text) {
    long first, last, step = 1;
    int end = 0;
    if (sscanf(text, "%ld-%ld%n", &first, &last, &end) != 2) return -1;
    if (text[end] != '\0' && sscanf(text + end, "x%ld", &step) != 1) return -1;
    if (last < first || step < 1) return -1;
    return (last - first) / step + 1;
}
