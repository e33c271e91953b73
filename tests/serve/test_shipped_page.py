"""The page of the shipped weights labels real drawings as the package does."""

import pytest

from instancesketch.inference.segmenter import Segmenter
from tests.serve.browser_pages import label, start_backend, web_host
from tests.serve.test_static_export import MOST_APART, compare, exported_page, real

pytestmark = [pytest.mark.nightly, pytest.mark.xdist_group("browser")]


@pytest.mark.parametrize("name", ["default", "doodle7"])
def test_shipped_weights_label_real_drawings_as_the_package_does(
    name, browser, data_dir, tmp_path
) -> None:
    """Graphs of four layers take half a minute to make."""
    sketches = real(data_dir, 400)
    model = Segmenter.load(name)
    with web_host(exported_page(name, tmp_path)) as address:
        page = browser.new_page()
        start_backend(page, address)
        assert compare(label(page, sketches), model.label(sketches)) < MOST_APART
        offered = page.evaluate("backend.model.categories.map(({ name }) => name)")
        assert offered == list(model.taxonomy.category_names)
        page.close()
