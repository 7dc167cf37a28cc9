"""What is nearest is measured as exactly as it is said to be: sums of floats, in whatever order,
lie within what is allowed of them, and a component that is left out does not.
"""

import unittest

import numpy
from dice import Dice
from draw_values import DIMS, anywhere, eighths
from nearness import FURTHEST, ROUNDING, Measured, distance, likeness, root, similarity, whole
from schema import METRICS, Attribute

SINGLE = numpy.float32


def in_floats(dice, terms):
    """Their sum as floats of 32 bits, in lanes that are added up in some order."""
    lanes = dice.choice([1, 4, 8, 16, 32])
    sums = [SINGLE(0)] * lanes
    for at, term in enumerate(terms):
        sums[at % lanes] = SINGLE(sums[at % lanes] + term)
    dice.shuffle(sums)
    total = SINGLE(0)
    for one in sums:
        total = SINGLE(total + one)
    return total


def in_lanes(dice, metric, one, other):
    one, other = one.astype(SINGLE), other.astype(SINGLE)
    if metric == "euclidean_squared":
        return -float(in_floats(dice, (one - other) ** 2))
    product = in_floats(dice, one * other)
    if metric == "dot_product":
        return float(product)
    length = SINGLE(
        numpy.sqrt(in_floats(dice, one * one)) * numpy.sqrt(in_floats(dice, other * other))
    )
    return float(SINGLE(product / length)) if length else 0.0


class Nearness(unittest.TestCase):
    def pairs(self, make, times=4):
        dice = Dice("nearness")
        for metric in METRICS:
            for dims in DIMS:
                for _ in range(times):
                    pair = (numpy.array(make(dice, dims)) for _ in range(2))
                    yield dice, metric, *pair

    def test_floats_in_whatever_order_are_right(self):
        for make in (eighths, anywhere):
            for dice, metric, one, other in self.pairs(make, 20):
                value, slack = similarity(metric, one, other)
                off = abs(in_lanes(dice, metric, one, other) - value)
                self.assertLessEqual(off, slack, (metric, len(one)))

    def test_eighths_have_one_sum_and_others_have_not(self):
        for _, metric, one, other in self.pairs(eighths):
            if metric != "cosine_distance":
                self.assertEqual(similarity(metric, one, other).slack, 0)
        for _, metric, one, other in self.pairs(anywhere):
            self.assertGreater(similarity(metric, one, other).slack, 0)

    def test_without_its_last_component_it_is_another(self):
        for make, few in ((eighths, 0.2), (anywhere, 0.02)):
            missed = asked = 0
            for _, metric, one, other in self.pairs(make):
                if len(one) == 1 and metric == "cosine_distance":
                    continue
                value, slack = similarity(metric, one, other)
                less = similarity(metric, one[:-1], other[:-1]).value
                asked += 1
                missed += abs(less - value) <= slack
            self.assertLess(missed, few * asked)

    def test_only_what_has_room_in_a_float_is_whole(self):
        self.assertTrue(whole(numpy.array([2.0**23, 2.0**23])))
        self.assertFalse(whole(numpy.array([2.0**24, 1.0])))
        self.assertTrue(whole(numpy.array([1 / 64, 2.0**17])))
        self.assertFalse(whole(numpy.array([1 / 64, 2.0**18])))
        self.assertFalse(whole(numpy.array([0.1])))

    def test_no_float_is_beyond_the_last(self):
        near, far = numpy.array([1.0, 2.0]), numpy.array([3e38, -3e38])
        for metric, one, other, wanted in [
            ("euclidean_squared", near, far, FURTHEST),
            ("euclidean_squared", far, far, 0.0),
            ("dot_product", far, far, -FURTHEST),
            ("dot_product", far, -far, FURTHEST),
            ("cosine_distance", far, -far, 2.0),
        ]:
            of = distance(Attribute("[2]f32", metric=metric), other)
            self.assertAlmostEqual(of(one).value, wanted, msg=(metric, one, other))
        several = likeness(Attribute("[][2]f32", metric="dot_product"), numpy.array([far, far]))
        self.assertEqual(several(numpy.array([near, far])).value, FURTHEST)

    def test_a_vector_without_length_is_at_one_from_all(self):
        of = distance(Attribute("[2]f32", metric="cosine_distance"), numpy.array([1.0, 2.0]))
        self.assertEqual(of(numpy.zeros(2)), Measured(1.0))

    def test_a_root_is_as_exact_as_its_square(self):
        self.assertEqual(root(Measured(2.25)), Measured(1.5))
        value, slack = root(Measured(2.0))
        self.assertTrue(0 < slack < 4 * ROUNDING * value)
        self.assertGreaterEqual(root(Measured(0.0, 1e-8)).slack, 0)
        self.assertAlmostEqual(root(Measured(1e-8, 1e-8)).slack, 1e-4)


if __name__ == "__main__":
    unittest.main()
