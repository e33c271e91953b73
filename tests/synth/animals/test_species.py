from dataclasses import fields

import pytest

from instancesketch.synth.animals.species import SPECIES, Species


@pytest.mark.parametrize("species", SPECIES.values(), ids=SPECIES)
def test_ranges_rise_and_weights_are_positive(species: Species) -> None:
    for name in (field.name for field in fields(species)):
        value = getattr(species, name)
        if isinstance(value, tuple):
            assert value[0] <= value[1], name
        elif isinstance(value, dict):
            assert sum(value.values()) > 0, name
            assert min(value.values()) >= 0, name
        else:
            assert value >= 0, name
