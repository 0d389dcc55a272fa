#include <SFML/graphics.hpp>
#include <iostream>
int main() {
    sf::Window window;
    for (int ant = 0; ant < 512; ++ant) window.draw();
    std::cout << window.drawn() << " ants" << std::endl;
}
