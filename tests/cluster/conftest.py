"""One cluster of two workers for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cluster_on_loopback import cluster_on_loopback


# Of the folder: its processes must not run beside the rest of the suite.
@pytest.fixture(scope="package")
def scheduler(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the scheduler's address."""
    pytest.importorskip("distributed", reason="the extra 'cluster' is not installed")
    with cluster_on_loopback(tmp_path_factory.mktemp("cluster"), 2) as address:
        yield address
