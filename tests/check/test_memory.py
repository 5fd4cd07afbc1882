"""CAIRN_CHECK=memory."""

import pytest


def test_an_access_beyond_the_bytes_asked_for(find_fault):
    found = find_fault(
        """
        def main():
            start()
            memory = ok(acl.rt.malloc(100, 0))
            size = 101 if FAULT else 100
            ok(acl.rt.memset(memory, size, 0, size))
            ok(acl.rt.free(memory))
            end()
        main()
        """,
        "memory",
    )
    assert found["title"] == "an access goes beyond its allocation"
    assert found["rule"] == "RT-142"
    assert "1 bytes behind it" in found["object"]
    use, made = found["places"]
    assert use["what"].startswith("acl.rt.memset writes 101 bytes")
    assert "app.py" in use["stack"][0] and use["stack"][0].endswith("in main")
    assert made["what"] == "acl.rt.malloc allocated it"
    line = int(use["stack"][0].split(":")[1].split()[0])
    assert int(made["stack"][0].split(":")[1].split()[0]) == line - 2


def test_an_access_far_beyond_is_refused_and_found(find_fault):
    found = find_fault(
        """
        start()
        memory = ok(acl.rt.malloc(100, 0))
        size = 4096 if FAULT else 100
        ret = acl.rt.memset(memory, size, 0, size)
        assert (ret != 0) == FAULT
        ok(acl.rt.free(memory))
        end()
        """,
        "memory",
    )
    assert found["title"] == "an access goes beyond its allocation"
    assert found["rule"] == "RT-176"


@pytest.mark.parametrize("place", ["device", "host"])
def test_use_after_free(find_fault, place):
    found = find_fault(
        f"""
        PLACE = {place!r}
        def release(memory):
            ok(acl.rt.free(memory) if PLACE == "device" else acl.rt.free_host(memory))
        start()
        memory = ok(acl.rt.malloc(64, 0)) if PLACE == "device" else ok(acl.rt.malloc_host(64))
        if FAULT:
            release(memory)
        # The freed block must not be given out again at once, or the fault would hide.
        other = ok(acl.rt.malloc(64, 0)) if PLACE == "device" else ok(acl.rt.malloc_host(64))
        assert other != memory
        acl.rt.memset(memory, 64, 1, 64)
        if not FAULT:
            release(memory)
        release(other)
        end()
        """,
        "memory",
    )
    assert found["title"] == "memory is used after it was freed"
    assert found["rule"] == "GDE-150"
    use, freed, made = found["places"]
    assert "acl.rt.memset" in use["what"]
    assert freed["what"].startswith("acl.rt.free")
    assert freed["stack"][0].endswith("in release")
    assert "allocated it" in made["what"]


@pytest.mark.parametrize("place", ["device", "host"])
def test_double_free(find_fault, place):
    found = find_fault(
        f"""
        PLACE = {place!r}
        start()
        memory = ok(acl.rt.malloc(64, 0)) if PLACE == "device" else ok(acl.rt.malloc_host(64))
        for _ in range(2 if FAULT else 1):
            ret = acl.rt.free(memory) if PLACE == "device" else acl.rt.free_host(memory)
        assert (ret != 0) == FAULT
        end()
        """,
        "memory",
    )
    assert found["title"] == "memory is freed twice"
    assert found["rule"] == ("RT-162" if place == "device" else "RT-169")
    assert len(found["places"]) == 3


def test_an_address_inside_an_allocation_is_freed(find_fault):
    found = find_fault(
        """
        start()
        memory = ok(acl.rt.malloc(64, 0))
        if FAULT:
            assert acl.rt.free(memory + 8) != 0
        ok(acl.rt.free(memory))
        end()
        """,
        "memory",
    )
    assert found["title"] == "an address inside an allocation is freed"


def test_memory_is_freed_by_the_function_for_the_other_kind(find_fault):
    found = find_fault(
        """
        start()
        memory = ok(acl.rt.malloc_host(64))
        if FAULT:
            assert acl.rt.free(memory) != 0
        ok(acl.rt.free_host(memory))
        end()
        """,
        "memory",
    )
    assert found["title"] == "host memory is freed by the function for device memory"
    assert found["rule"] == "RT-166"


def test_memory_is_read_that_nobody_wrote(find_fault):
    found = find_fault(
        """
        start()
        memory = ok(acl.rt.malloc(64, 0))
        host = ok(acl.rt.malloc_host(64))
        written = 48 if FAULT else 64
        ok(acl.rt.memset(memory, 64, 7, written))
        ok(acl.rt.memcpy(host, 64, memory, 64, D2H))
        ok(acl.rt.free(memory))
        ok(acl.rt.free_host(host))
        end()
        """,
        "memory",
    )
    assert found["title"] == "memory is read that nobody wrote"
    assert "16 of the 64 bytes read were never written, the first at offset 48" in found["object"]


def test_a_copy_on_the_device_carries_along_what_was_written(find_fault):
    found = find_fault(
        """
        start()
        first, second = ok(acl.rt.malloc(64, 0)), ok(acl.rt.malloc(64, 0))
        host = ok(acl.rt.malloc_host(64))
        ok(acl.rt.memset(first, 64, 7, 32 if FAULT else 64))
        ok(acl.rt.memcpy(second, 64, first, 64, D2D))   # Not yet a fault: nobody looks at the bytes.
        ok(acl.rt.memcpy(host, 64, second, 64, D2H))
        for memory in (first, second):
            ok(acl.rt.free(memory))
        ok(acl.rt.free_host(host))
        end()
        """,
        "memory",
    )
    assert "32 of the 64 bytes" in found["object"]


def test_new_memory_at_an_old_address_counts_as_unwritten(check):
    # A device of 2 MiB has few addresses: blocks that are held back have to be used again.
    run = check(
        """
        start()
        host = ok(acl.rt.malloc_host(1 << 20))
        seen = set()
        while (address := ok(acl.rt.malloc((1 << 20) - 100, 0))) not in seen:
            seen.add(address)
            ok(acl.rt.memset(address, 1024, 0, 1024))
            ok(acl.rt.free(address))
        assert 1 < len(seen) < 16
        ok(acl.rt.memcpy(host, 1024, address, 1024, D2H))
        ok(acl.rt.free(address))
        ok(acl.rt.free_host(host))
        end()
        """,
        "memory",
        CAIRN_MEMORY_MB="2",
    )
    assert run.titles() == ["memory is read that nobody wrote"], run.stderr


def test_host_code_touches_device_memory(find_fault):
    found = find_fault(
        """
        import ctypes
        def look(memory):
            return ctypes.string_at(memory, 4)
        start()
        memory = ok(acl.rt.malloc(64, 0))
        host = ok(acl.rt.malloc_host(64))
        ok(acl.rt.memset(memory, 64, 7, 64))
        ok(acl.rt.memcpy(host, 64, memory, 64, D2H))
        look(memory if FAULT else host)
        ok(acl.rt.free(memory))
        ok(acl.rt.free_host(host))
        end()
        """,
        "memory",
    )
    assert found["title"] == "host code touches device memory"
    assert found["rule"] == "RT-130"
    assert "64 bytes of device 0" in found["object"]
    assert any(line.endswith("in look") for line in found["places"][0]["stack"])
    assert found["places"][1]["what"] == "acl.rt.malloc allocated it"


def test_a_function_for_host_memory_is_given_device_memory(find_fault):
    found = find_fault(
        """
        start()
        memory = ok(acl.rt.malloc(64, 0))
        if FAULT:
            assert acl.util.ptr_to_bytes(memory, 64) is None
        ok(acl.rt.free(memory))
        end()
        """,
        "memory",
    )
    assert found["title"] == "host code touches device memory"


def test_a_cause_is_reported_once_and_its_repeats_are_counted(check):
    run = check(
        """
        start()
        memory = ok(acl.rt.malloc(64, 0))
        for _ in range(5):
            acl.rt.memset(memory, 65, 0, 65)
        ok(acl.rt.free(memory))
        end()
        """,
        "memory",
    )
    assert len(run.findings) == 1
    assert run.summary["repeats"] == {"1": 4}
    assert "4 more of the same" in run.stderr
