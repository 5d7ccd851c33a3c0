"""Recordings are cut where nobody speaks, always at the same places, and nothing is lost."""

import itertools

import numpy as np
import pytest

from tests.services.speaking import read, recording
from workers.speech.base import HEARD_RATE
from workers.speech.cutting import cut


def in_blocks(samples, size):
    return [samples[start : start + size] for start in range(0, len(samples), size)]


def test_pieces_end_in_silence_and_make_up_the_whole(tmp_path):
    whole = read(recording(63), tmp_path)

    pieces = list(cut(in_blocks(whole, 4096), longest_s=20))

    assert np.array_equal(np.concatenate([piece.samples for piece in pieces]), whole)
    assert all(len(piece.samples) <= 20 * HEARD_RATE for piece in pieces)
    for before, after in itertools.pairwise(pieces):
        assert after.start_s == pytest.approx(before.end_s)
        around = np.concatenate([before.samples[-200:], after.samples[:200]])
        assert np.abs(around).max() < 100


def test_the_cuts_do_not_depend_on_how_the_recording_is_read(tmp_path):
    whole = read(recording(50), tmp_path)

    small, large = (list(cut(in_blocks(whole, size), 12)) for size in (777, 100_000))

    assert [piece.end_s for piece in small] == [piece.end_s for piece in large]


def test_what_has_no_silence_is_cut_all_the_same():
    noise = np.full(HEARD_RATE * 45, 9000, np.int16)

    pieces = list(cut([noise], longest_s=20))

    assert len(pieces) == 3
    assert sum(len(piece.samples) for piece in pieces) == len(noise)


def test_nothing_gives_no_piece():
    assert list(cut([], longest_s=20)) == []
