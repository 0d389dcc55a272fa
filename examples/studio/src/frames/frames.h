/* Ranges of frames, such as 1001-1048x2. */
#ifndef FRAMES_H
#define FRAMES_H

/* How many frames a range has; -1 where the text is no range. */
long frames_count(const char *text);

#endif
