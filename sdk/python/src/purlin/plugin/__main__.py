"""`python -m purlin.plugin manifest MODULE`"""

import sys

from purlin._manifest.command import main

sys.exit(main())
