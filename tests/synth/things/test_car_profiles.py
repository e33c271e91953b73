import pytest

from instancesketch.synth.things.car_profiles import PROFILES, Profile


@pytest.mark.parametrize("profile", PROFILES, ids=range(len(PROFILES)))
def test_a_profile_runs_from_back_to_front(profile: Profile) -> None:
    xs, ys = zip(*profile.points, strict=True)
    assert list(xs) == sorted(xs)
    assert (xs[0], xs[-1]) == (0, 1)
    assert 0 < min(ys) < max(ys) == 1
