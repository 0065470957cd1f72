"""The command."""

import argparse
import sys

from interval_coverage import count_covered


def main() -> None:
    parser = argparse.ArgumentParser(description="Coverage of the interval of a mean IoU.")
    parser.add_argument("--simulations", type=int, default=4000)
    parser.add_argument("--images", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    covered = count_covered(given.simulations, given.images, seed=given.seed)
    share = f"{covered / given.simulations:.2%} of {given.simulations:,}"
    sys.stdout.write(f"{given.images} images: {share}\n")


main()
