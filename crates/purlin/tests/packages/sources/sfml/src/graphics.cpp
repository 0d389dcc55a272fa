#include "graphics.hpp"
void sf::Window::draw() { ++count; }
int sf::Window::drawn() const { return count; }
