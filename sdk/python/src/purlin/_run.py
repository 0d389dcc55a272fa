"""What the host starts: `python -I …/purlin/_run.py MODULE FOLDER`.

`FOLDER` is the plugin's folder. It and the SDK come first on `sys.path`. This file is compiled at
every start, so that it only leads on.
"""

import sys

sys.path[:0] = [__file__.rpartition("/purlin/")[0] or ".", sys.argv[2]]
sys.argv[:] = sys.argv[1:2]

from purlin._process.server import serve  # noqa: E402

serve(sys.argv[0])
