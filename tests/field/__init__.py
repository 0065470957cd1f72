"""What people brought: public reports, rebuilt as small arrays, with the answer that is right.

One file for each kind of failure. Each test builds its arrays and asserts the cause and the score
after the repair.
"""
