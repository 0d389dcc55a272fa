/* Turns a text into capitals. */
void shout(char *text);
