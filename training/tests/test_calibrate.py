"""Calibration: recovers a known scaling, measures the error, and changes no order."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from safetensors.torch import load_file
from small_run import run_of

from calibrate.fit import Scaling, expected_calibration_error, fit, log_loss, sigmoid
from calibrate.held_out import assess, calibrate
from prepare.errors import DataError


def drawn(temperature: float, shift: float, count: int = 40_000) -> tuple[np.ndarray, np.ndarray]:
    """Logits whose true probability is sigmoid((logit + shift) / temperature)."""
    random = np.random.default_rng(3)
    logits = random.normal(0, 3, count)
    return logits, (random.random(count) < sigmoid((logits + shift) / temperature)).astype(float)


@pytest.mark.parametrize(('temperature', 'shift'), [(2.5, 0.0), (0.6, -1.5), (1.0, 2.0)])
def test_a_known_scaling_is_found_again(temperature, shift):
    found = fit(*drawn(temperature, shift))
    assert found.temperature == pytest.approx(temperature, rel=0.06)
    assert found.shift == pytest.approx(shift, abs=0.12)


def test_temperature_alone_leaves_the_shift_out():
    found = fit(*drawn(2.5, 0.0), shift=False)
    assert found.shift == 0 and found.temperature == pytest.approx(2.5, rel=0.06)


def test_the_error_is_nothing_for_true_probabilities_and_a_known_gap_for_wrong_ones():
    logits, labels = drawn(1.0, 0.0)
    assert expected_calibration_error(sigmoid(logits), labels) < 0.01
    assert expected_calibration_error(np.full(1000, 0.9), np.repeat([1.0, 0.0], 500)) == pytest.approx(0.4)
    assert log_loss(np.array([0.5]), np.array([1.0])) == pytest.approx(np.log(2))


def test_figures_come_from_lists_that_were_not_fitted_on():
    logits, labels = drawn(3.0, 0.0, 4000)
    figures = assess([(logits[start::40], labels[start::40]) for start in range(40)], shift=True)
    assert figures['expected_calibration_error_after'] < 0.06 < figures['expected_calibration_error_before']
    assert figures['log_loss_after'] < figures['log_loss_before']
    assert figures['pairs'] == 4000


def test_the_bias_moves_and_the_file_is_what_the_library_reads(config, tmp_path):
    run = run_of(config)
    run.train()
    folder = run.folder / 'model'
    before = load_file(folder / 'model.safetensors')
    more = dataclasses.replace(config, data=dataclasses.replace(config.data, held_out=0.6))
    found = calibrate(folder, more, lists=40)
    after = load_file(folder / 'model.safetensors')
    changed = [name for name in before if not np.array_equal(before[name].numpy(), after[name].numpy())]
    assert changed == ['classifier.bias']
    assert (after['classifier.bias'] - before['classifier.bias']).item() == pytest.approx(found['shift'], rel=1e-5)
    assert json.loads((folder / 'calibration.json').read_text())['temperature'] == found['temperature'] > 0
    again = Scaling(found['temperature'], 0.0)
    assert again.probability(np.array([found['shift']]))[0] == pytest.approx(
        Scaling(found['temperature'], found['shift']).probability(np.array([0.0]))[0]
    )


def test_too_few_lists_are_an_error(config):
    run = run_of(config)
    run.train()
    with pytest.raises(DataError, match='at least 20'):
        calibrate(run.folder / 'model', config)
