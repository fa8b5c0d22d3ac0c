"""The folders that the generators read and write."""

import os

HERE = os.path.dirname(os.path.abspath(__file__))
FIXTURES = os.path.join(HERE, '..', 'fixtures')  # committed: *.json and checkpoints/
WORK = os.environ.get('LUKE_REF_WORK', os.path.join(HERE, 'work'))  # git-ignored: the output of the generators
SEED = os.environ.get('LUKE_REF_SEED', '1')  # of the random weights
