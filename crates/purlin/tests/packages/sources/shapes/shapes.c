#include "shapes.h"
double shapes_square(double side) { return side * side; }
