#include <packbits.h>
#include <shapes.h>
#include <stdio.h>
int main(void) {
#ifdef LOUD
    printf("SQUARE OF 3: %g, PACKED WITH %s\n", shapes_square(3), packbits_version());
#else
    printf("square of 3: %g, packed with %s\n", shapes_square(3), packbits_version());
#endif
    return 0;
}
