"""Chance that repeats."""

from statistics import fmean, pstdev

from firmware_sim import chance


def test_draws_are_the_published_outputs_of_splitmix64() -> None:
    # The generator's well-known outputs for seed 1234567.
    assert [chance.bits(1234567, n) for n in range(5)] == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_uniform_numbers_are_between_0_and_1_and_even() -> None:
    numbers = [chance.uniform(7, n) for n in range(10_000)]

    assert all(0.0 <= number < 1.0 for number in numbers)
    assert abs(fmean(numbers) - 0.5) < 0.012  # four standard errors of 1/sqrt(12)/100


def test_normal_numbers_have_mean_0_and_standard_deviation_1() -> None:
    numbers = [chance.normal(7, n) for n in range(10_000)]

    assert abs(fmean(numbers)) < 0.04  # four standard errors
    assert abs(pstdev(numbers) - 1.0) < 0.03


def test_keys_differ_by_each_part_and_by_where_the_parts_end() -> None:
    assert chance.key_of(1, "a") == chance.key_of(1, "a")
    assert len({chance.key_of(1, "ab"), chance.key_of(1, "a", "b"), chance.key_of(2, "ab")}) == 3
