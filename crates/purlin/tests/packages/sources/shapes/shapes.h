#ifndef SHAPES_H
#define SHAPES_H
double shapes_square(double side);
#endif
