#include <packbits.h>
#include <stdio.h>
#include <string.h>

int main(int count, char **words) {
    unsigned char packed[4096], back[4096];
    const char *text = count > 1 ? words[1] : "aaaabbb";
    size_t length = strlen(text);
    if (length > 2000) return 2;
    size_t small = packbits_pack((const unsigned char *)text, length, packed);
    size_t again = packbits_unpack(packed, small, back);
    printf("%zu -> %zu -> %zu with %s\n", length, small, again, packbits_version());
    return again == length && memcmp(text, back, length) == 0 ? 0 : 1;
}
