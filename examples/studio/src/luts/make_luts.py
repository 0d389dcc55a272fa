"""A display transform as a table: make_luts.py POINTS"""

import sys

points = int(sys.argv[1])
print(f"LUT_1D_SIZE {points}")
for point in range(points):
    value = (point / (points - 1)) ** (1 / 2.4)
    print(f"{value:.6f} {value:.6f} {value:.6f}")
