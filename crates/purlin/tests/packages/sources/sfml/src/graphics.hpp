#pragma once
namespace sf {
/// Stands in for a window: it only counts what is drawn.
class Window {
public:
    void draw();
    int drawn() const;

private:
    int count = 0;
};
}  // namespace sf
