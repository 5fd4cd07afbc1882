"""The fixture `device` for the conftest.py of suites that use one device from their first test to their last."""

import acl
import pytest


@pytest.fixture(scope="session", autouse=True)
def device():
    assert acl.init() == 0
    assert acl.rt.set_device(0) == 0
    yield
    acl.rt.reset_device(0)
    acl.finalize()
