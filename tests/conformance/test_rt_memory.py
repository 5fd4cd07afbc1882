"""Device and host memory: allocation, limits, alignment, freeing."""

import itertools
import threading

import pytest
from constants import DEVICE_TO_HOST, HOST_TO_DEVICE, OUT_OF_MEMORY, PARAMETER_FAULTS

POLICIES = {"RT-134": 0, "RT-135": 1, "RT-136": 2, "RT-137": 3, "RT-138": 4, "RT-139": 5}
MEMORY_KINDS = {
    "RT-150": 0,
    "RT-151": 1,
    "RT-152": 2,
    "RT-153": 3,
    "RT-154": 4,
    "RT-155": 5,
    "RT-156": 6,
    "RT-157": 7,
    "RT-158": 8,
    "RT-159": 9,
}


def by_rule(table: dict[str, int]):
    return [pytest.param(value, marks=pytest.mark.rules(rule)) for rule, value in table.items()]


@pytest.fixture(params=["malloc", "malloc_cached"])
def malloc(acl, device, request):
    return getattr(acl.rt, request.param)


@pytest.mark.rules("RT-130", "RT-144", "RT-161")
def test_malloc_returns_an_address_and_success(acl, malloc):
    memory, ret = malloc(1000, 0)
    assert isinstance(memory, int)
    assert (memory != 0, ret) == (True, 0)
    assert acl.rt.free(memory) == 0


@pytest.mark.rules("RT-133")
def test_malloc_refuses_size_zero(malloc):
    assert malloc(0, 0)[1] in PARAMETER_FAULTS


@pytest.mark.rules("RT-133")
def test_malloc_host_refuses_size_zero(acl, device):
    assert acl.rt.malloc_host(0)[1] in PARAMETER_FAULTS


@pytest.mark.rules("RT-130")
@pytest.mark.parametrize("policy", by_rule(POLICIES))
def test_malloc_takes_each_policy(acl, malloc, policy):
    for size in (1, 1 << 20, (1 << 20) + 1, 5 << 20):
        memory, ret = malloc(size, policy)
        assert ret == 0
        assert acl.rt.memset(memory, size, 1, size) == 0
        assert acl.rt.free(memory) == 0


@pytest.mark.rules("RT-130", "RT-189")
@pytest.mark.parametrize("policy", [-1, 99, 2**31, 2**70])
def test_malloc_refuses_an_unknown_policy(malloc, policy):
    assert malloc(64, policy)[1] in PARAMETER_FAULTS


@pytest.mark.rules("GDE-074", "RT-143", "GDE-103")
@pytest.mark.parametrize("size", [1, 31, 33, 63, 65, 1000, 4097, 100_001, 3_000_001])
def test_device_memory_starts_at_a_multiple_of_64(acl, malloc, size):
    places = [malloc(size, 0)[0] for _ in range(7)]
    assert [place % 64 for place in places] == [0] * 7
    for place in places:
        assert acl.rt.free(place) == 0


@pytest.mark.rules("RT-142", "GDE-108")
@pytest.mark.parametrize("size", [1, 32, 33, 64, 1000, 4096, 65536, 1_000_000])
def test_the_size_is_rounded_up_to_32_plus_32(acl, device_memory, size):
    memory = device_memory(size)
    usable = (size + 31) // 32 * 32 + 32
    assert acl.rt.memset(memory, usable, 1, usable) == 0


@pytest.mark.rules("RT-142", "RT-143", "GDE-101")
def test_allocations_do_not_overlap(acl, device_memory):
    places = sorted((device_memory(size), size) for size in [1, 32, 33, 64, 500, 4096] * 20)
    for (first, size), (second, _) in itertools.pairwise(places):
        assert second - first >= (size + 31) // 32 * 32 + 32


@pytest.mark.rules("RT-143", "GDE-101")
def test_pieces_of_a_pool_laid_out_by_the_formula_work(acl, device_memory):
    lengths = [1, 31, 32, 33, 100, 4095]
    sizes = [((length - 1) // 32 + 1) * 32 + 32 for length in lengths]
    strides = [((size - 1) // 64 + 1) * 64 for size in sizes]
    pool = device_memory(sum(strides))
    host, _ = acl.rt.malloc_host(4096)
    start = pool
    starts = []
    for number, (size, stride) in enumerate(zip(sizes, strides, strict=True)):
        assert start % 64 == 0
        assert acl.rt.memset(start, size, number + 1, size) == 0
        starts.append(start)
        start += stride
    for number, (piece, length) in enumerate(zip(starts, lengths, strict=True)):
        assert acl.rt.memcpy(host, 4096, piece, length, DEVICE_TO_HOST) == 0
        assert acl.util.ptr_to_bytes(host, length) == bytes([number + 1]) * length
    acl.rt.free_host(host)


@pytest.mark.rules("RT-162", "RT-140")
def test_memory_is_freed_once(acl, device):
    memory, _ = acl.rt.malloc(64, 0)
    assert acl.rt.free(memory) == 0
    assert acl.rt.free(memory) != 0


@pytest.mark.rules("RT-162")
@pytest.mark.parametrize("address", [0, 1, -1, 0xDEADBEEF, 2**47, 2**63, 2**64 - 1, 2**90])
def test_free_refuses_an_address_that_malloc_did_not_give(acl, device, address):
    assert acl.rt.free(address) != 0


@pytest.mark.rules("RT-162")
def test_free_refuses_an_address_inside_an_allocation(acl, device_memory):
    memory = device_memory(4096)
    assert acl.rt.free(memory + 64) != 0
    assert acl.rt.memset(memory, 4096, 0, 4096) == 0


@pytest.mark.rules("RT-162")
def test_free_refuses_host_memory(acl, device):
    host, _ = acl.rt.malloc_host(64)
    assert acl.rt.free(host) != 0
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("RT-163")
def test_free_takes_cached_memory(acl, device):
    memory, ret = acl.rt.malloc_cached(64, 0)
    assert ret == 0
    assert acl.rt.free(memory) == 0


@pytest.mark.rules("RT-150", "RT-148", "RT-161")
def test_freed_memory_is_free_again(acl, device, memory_kind):
    before = acl.rt.get_mem_info(memory_kind)[0]
    places = [acl.rt.malloc(1 << 20, 0)[0] for _ in range(16)]
    during = acl.rt.get_mem_info(memory_kind)[0]
    for place in places:
        acl.rt.free(place)
    assert before - during >= 16 << 20
    assert acl.rt.get_mem_info(memory_kind)[0] == before


@pytest.mark.rules("RT-161", "RT-193")
def test_the_whole_memory_can_be_taken_again_and_again(acl, device, memory_kind):
    free = acl.rt.get_mem_info(memory_kind)[0]
    for _ in range(3):
        memory, ret = acl.rt.malloc(free // 2, 0)
        assert ret == 0
        assert acl.rt.free(memory) == 0


@pytest.mark.rules("RT-193")
@pytest.mark.parametrize("size", [1 << 45, 2**63, 2**64 - 1, 2**64 - 40, 2**80])
def test_exhausted_memory_is_an_error(acl, malloc, size):
    assert malloc(size, 0)[1] in OUT_OF_MEMORY
    memory, ret = malloc(64, 0)
    assert ret == 0
    acl.rt.free(memory)


@pytest.mark.rules("RT-193")
@pytest.mark.parametrize("size", [2**62, 2**64 - 1, 2**80])
def test_exhausted_host_memory_is_an_error(acl, device, size):
    assert acl.rt.malloc_host(size)[1] in OUT_OF_MEMORY


@pytest.mark.rules("RT-189", "RT-133")
@pytest.mark.parametrize("size", [-1, -(2**40)])
def test_a_negative_size_is_an_error(acl, malloc, size):
    assert malloc(size, 0)[1] != 0
    assert acl.rt.malloc_host(size)[1] != 0


@pytest.mark.rules("RT-193")
def test_memory_that_is_used_up_fails_and_comes_back(acl, device, memory_kind):
    piece = acl.rt.get_mem_info(memory_kind)[1] // 8
    places = []
    while True:
        memory, ret = acl.rt.malloc(piece, 0)
        if ret != 0:
            break
        places.append(memory)
    assert ret in OUT_OF_MEMORY
    assert 4 <= len(places) <= 8
    for place in places:
        assert acl.rt.free(place) == 0
    memory, ret = acl.rt.malloc(piece, 0)
    assert ret == 0
    acl.rt.free(memory)


@pytest.mark.rules("RT-148")
def test_get_mem_info_returns_free_and_total(acl, device, memory_kind):
    free, total, ret = acl.rt.get_mem_info(memory_kind)
    assert ret == 0
    assert 0 < free <= total


@pytest.mark.rules("RT-148")
@pytest.mark.parametrize("attribute", by_rule(MEMORY_KINDS))
def test_get_mem_info_takes_each_attribute(acl, device, attribute):
    free, total, ret = acl.rt.get_mem_info(attribute)
    assert ret == 0
    assert 0 <= free <= total


@pytest.mark.rules("RT-149", "RT-150", "RT-151")
@pytest.mark.parametrize(("soc", "present", "absent"), [("Ascend310B4", 0, 1), ("Ascend910A", 1, 0)])
def test_memory_that_the_chip_does_not_have_is_zero(run_python, soc, present, absent):
    code = f"""
    import acl
    acl.init(); acl.rt.set_device(0)
    free, total, ret = acl.rt.get_mem_info({present})
    print(0 < free <= total, ret, *acl.rt.get_mem_info({absent})[:2])
    """
    assert run_python(code, env={"CAIRN_SOC": soc}).stdout.split() == ["True", "0", "0", "0"]


@pytest.fixture
def page_kinds(memory_kind) -> tuple[int, int]:
    """The attributes of acl.rt.get_mem_info for the huge and the normal pages of the memory that the chip has."""
    return ((2, 3), (4, 5))[memory_kind]


@pytest.fixture
def free_pages(acl, page_kinds):
    """free_pages(): the free bytes in huge and in normal pages."""
    return lambda: tuple(acl.rt.get_mem_info(kind)[0] for kind in page_kinds)


@pytest.mark.rules("RT-150", "RT-152", "RT-153")
def test_all_memory_is_at_least_that_of_huge_and_of_normal_pages(acl, memory_kind, page_kinds):
    whole, huge, normal = (acl.rt.get_mem_info(kind)[1] for kind in (memory_kind, *page_kinds))
    assert whole >= max(huge, normal) > 0


@pytest.fixture
def small_device(run_python):
    """small_device(code): prints of the code with a device of 64 MiB; pages(attr) is its free memory in MiB."""

    def run(code: str, soc: str = "Ascend310P3") -> list[int]:
        preamble = "import acl\nacl.init(); acl.rt.set_device(0)\nMiB = 1 << 20\n"
        preamble += "def pages(attr): return acl.rt.get_mem_info(attr)[0] / MiB\n"
        done = run_python(preamble + code, env={"CAIRN_SOC": soc, "CAIRN_MEMORY_MB": "64"})
        assert done.returncode == 0, done.stderr
        return [float(word) for word in done.stdout.split()]

    return run


@pytest.mark.rules("RT-150", "RT-152", "RT-153")
@pytest.mark.parametrize("policy", [0, 1, 2])
def test_huge_and_normal_pages_make_up_all_memory(acl, device_memory, memory_kind, page_kinds, policy):
    device_memory(3 << 20, policy)
    device_memory(100, policy)
    whole, huge, normal = (acl.rt.get_mem_info(kind)[:2] for kind in (memory_kind, *page_kinds))
    assert huge[0] + normal[0] == whole[0]
    assert huge[1] + normal[1] == whole[1]


@pytest.mark.rules("RT-134", "RT-137", "RT-152", "RT-153")
@pytest.mark.parametrize("policy", [0, 3])
def test_huge_pages_first_takes_them_above_1_mib_only(device_memory, free_pages, policy):
    huge, normal = free_pages()
    device_memory(1 << 20, policy)
    assert free_pages()[0] == huge
    assert free_pages()[1] <= normal - (1 << 20)
    normal = free_pages()[1]
    device_memory((1 << 20) + 1, policy)
    assert free_pages()[0] <= huge - (1 << 20)
    assert free_pages()[1] == normal


@pytest.mark.rules("RT-135", "RT-138", "RT-152")
@pytest.mark.parametrize("policy", [1, 4])
def test_huge_pages_only_takes_them_for_small_sizes_too(device_memory, free_pages, policy):
    huge, _ = free_pages()
    device_memory(1000, policy)
    assert free_pages()[0] < huge


@pytest.mark.rules("RT-136", "RT-139", "RT-153")
@pytest.mark.parametrize("policy", [2, 5])
def test_normal_pages_only_takes_no_huge_ones(device_memory, free_pages, policy):
    huge, normal = free_pages()
    device_memory(8 << 20, policy)
    assert free_pages()[0] == huge
    assert free_pages()[1] <= normal - (8 << 20)


@pytest.mark.rules("RT-135", "RT-138", "RT-193")
@pytest.mark.parametrize("policy", [1, 4])
def test_huge_pages_only_fails_when_they_are_used_up(small_device, policy):
    code = f"""
places = []
while True:
    place, ret = acl.rt.malloc(MiB, {policy})
    if ret != 0: break
    places.append(place)
print(ret, pages(2), acl.rt.malloc(MiB, 2)[1], acl.rt.malloc(MiB + 1, 0)[1], len(places))
"""
    ret, huge_left, normal, fallback, count = small_device(code)
    assert ret in OUT_OF_MEMORY
    assert huge_left < 2
    assert (normal, fallback) == (0, 0)  # Normal pages are left, and "huge first" falls back to them.
    assert count > 16


@pytest.mark.rules("RT-150", "RT-151", "RT-154", "RT-155", "RT-149")
def test_a_chip_with_hbm_has_its_pages_there(small_device):
    code = """
acl.rt.malloc(5 * MiB, 1); acl.rt.malloc(3 * MiB, 2)
print(*(pages(attr) for attr in (0, 2, 3, 6, 7)))
print(*(pages(attr) for attr in (1, 4, 5)))
print(acl.rt.get_mem_info(1)[1] / MiB)
"""
    *ddr, whole, huge, normal, total = small_device(code, "Ascend910A")
    assert ddr == [0] * 5
    assert huge + normal == whole
    assert total == 64
    assert 55 <= whole <= 56


@pytest.mark.rules("RT-161", "RT-152", "RT-153")
def test_freed_pages_are_free_again(acl, device):
    before = [acl.rt.get_mem_info(kind)[:2] for kind in range(10)]
    places = [acl.rt.malloc(size, policy)[0] for size in (100, 5 << 20) for policy in range(6)]
    for place in places:
        assert acl.rt.free(place) == 0
    assert [acl.rt.get_mem_info(kind)[:2] for kind in range(10)] == before


@pytest.mark.rules("RT-145", "RT-146", "RT-147", "RT-144")
@pytest.mark.parametrize("maintain", ["mem_flush", "mem_invalidate"])
@pytest.mark.parametrize("allocate", ["malloc", "malloc_cached"])
def test_cache_maintenance_succeeds_and_changes_nothing(acl, device, allocate, maintain):
    size = 5000
    memory, ret = getattr(acl.rt, allocate)(size, 0)
    assert ret == 0
    data = bytes(range(250)) * 20
    assert acl.rt.memcpy(memory, size, acl.util.bytes_to_ptr(data), size, HOST_TO_DEVICE) == 0
    assert getattr(acl.rt, maintain)(memory, size) == 0
    assert getattr(acl.rt, maintain)(memory + 100, 1) == 0
    found = bytes(size)
    assert acl.rt.memcpy(acl.util.bytes_to_ptr(found), size, memory, size, DEVICE_TO_HOST) == 0
    assert found == data
    assert acl.rt.free(memory) == 0


@pytest.mark.rules("RT-147")
def test_without_cache_maintenance_the_data_are_there_all_the_same(acl, device):
    memory, _ = acl.rt.malloc_cached(64, 0)
    assert acl.rt.memset(memory, 64, 7, 64) == 0
    found = bytes(64)
    assert acl.rt.memcpy(acl.util.bytes_to_ptr(found), 64, memory, 64, DEVICE_TO_HOST) == 0
    assert found == bytes([7]) * 64
    assert acl.rt.free(memory) == 0


@pytest.mark.rules("RT-145", "RT-146", "RT-133")
@pytest.mark.parametrize("maintain", ["mem_flush", "mem_invalidate"])
def test_cache_maintenance_refuses_what_is_no_device_memory(acl, device_memory, maintain):
    call = getattr(acl.rt, maintain)
    memory = device_memory(1000)
    host, _ = acl.rt.malloc_host(64)
    wrong = [(memory, 0), (0, 64), (memory, 5000), (memory, -1), (host, 64), (12345, 64), (2**64 - 1, 64)]
    assert all(call(*each) in PARAMETER_FAULTS for each in wrong)
    acl.rt.free_host(host)


@pytest.mark.rules("RT-160")
def test_get_mem_info_needs_a_device(run_python):
    code = "import acl; acl.init(); print(acl.rt.get_mem_info(0)[2] != 0)"
    assert run_python(code).stdout.split() == ["True"]


@pytest.mark.rules("RT-148", "RT-189")
@pytest.mark.parametrize("attribute", [-1, 99, 2**33])
def test_get_mem_info_refuses_an_unknown_attribute(acl, device, attribute):
    assert acl.rt.get_mem_info(attribute)[2] in PARAMETER_FAULTS


@pytest.mark.rules("RT-164", "RT-169")
def test_malloc_host_returns_an_address_and_success(acl, device):
    host, ret = acl.rt.malloc_host(1000)
    assert (host != 0, ret) == (True, 0)
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("RT-165", "RT-168", "GDE-109", "GDE-076")
@pytest.mark.parametrize("size", [1, 63, 65, 1000, 100_001])
def test_host_memory_starts_at_a_multiple_of_64(acl, device, size):
    places = [acl.rt.malloc_host(size)[0] for _ in range(5)]
    assert [place % 64 for place in places] == [0] * 5
    for place in places:
        assert acl.rt.free_host(place) == 0


@pytest.mark.rules("RT-168", "GDE-102")
def test_pieces_of_a_host_pool_laid_out_by_the_formula_work(acl, stream, device_memory):
    lengths = [1, 32, 33, 1000]
    strides = [(((length - 1) // 32 + 1) * 32 + 32 + 63) // 64 * 64 for length in lengths]
    pool, _ = acl.rt.malloc_host(sum(strides))
    memory = device_memory(4096)
    start = pool
    for length, stride in zip(lengths, strides, strict=True):
        assert acl.rt.memset(start, stride, 7, length) == 0
        assert acl.rt.memcpy_async(memory, 4096, start, length, HOST_TO_DEVICE, stream) == 0
        start += stride
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.free_host(pool) == 0


@pytest.mark.rules("GDE-075", "GDE-076")
def test_the_over_allocated_and_aligned_host_memory_of_the_sample_works(acl, stream, device_memory):
    size = 200
    memory = device_memory(size)
    host, _ = acl.rt.malloc_host(size + 64)
    aligned = host + 64 - host % 64
    assert acl.rt.memset(aligned, size, 3, size) == 0
    assert acl.rt.memcpy_async(memory, size, aligned, size, HOST_TO_DEVICE, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    assert acl.rt.free_host(host) == 0


@pytest.mark.rules("RT-169", "RT-166")
def test_host_memory_is_freed_once(acl, device):
    host, _ = acl.rt.malloc_host(64)
    assert acl.rt.free_host(host) == 0
    assert acl.rt.free_host(host) != 0


@pytest.mark.rules("RT-169")
@pytest.mark.parametrize("address", [0, 1, -1, 0xDEADBEEF, 2**63, 2**64 - 1, 2**90])
def test_free_host_refuses_an_address_that_malloc_host_did_not_give(acl, device, address):
    assert acl.rt.free_host(address) != 0


@pytest.mark.rules("RT-169")
def test_free_host_refuses_device_memory(acl, device_memory):
    memory = device_memory(64)
    assert acl.rt.free_host(memory) != 0
    assert acl.rt.memset(memory, 64, 0, 64) == 0


@pytest.mark.rules("RT-170")
def test_new_memory_may_be_cleared_with_memset(acl, device_memory):
    memory = device_memory(1000)
    host, _ = acl.rt.malloc_host(1000)
    assert acl.rt.memset(memory, 1000, 0, 1000) == 0
    assert acl.rt.memcpy(host, 1000, memory, 1000, DEVICE_TO_HOST) == 0
    assert acl.util.ptr_to_bytes(host, 1000) == bytes(1000)
    acl.rt.free_host(host)


@pytest.mark.rules("RT-165", "GDE-072")
def test_host_memory_on_the_device_side_may_be_used_as_device_memory(run_python):
    code = """
    import acl
    acl.init(); acl.rt.set_device(0)
    memory, ret = acl.rt.malloc_host(256)
    print(acl.rt.get_run_mode()[0], ret, memory % 64)
    print(acl.rt.memset_async(memory, 256, 5, 256, 0), acl.rt.synchronize_stream(0))
    print(acl.util.ptr_to_bytes(memory, 3))
    print(acl.rt.free_host(memory))
    """
    done = run_python(code, env={"CAIRN_SOC": "Ascend310B4"})
    assert done.stdout.split() == ["0", "0", "0", "0", "0", "b'\\x05\\x05\\x05'", "0"]


@pytest.mark.rules("GDE-073", "GDE-016")
def test_device_memory_is_addressable_where_the_program_runs_on_the_device(run_python):
    code = """
    import acl, ctypes
    acl.init(); acl.rt.set_device(0)
    memory, _ = acl.rt.malloc(4096, 0)
    ctypes.memmove(memory, b'read from a file', 16)
    copy, _ = acl.rt.malloc(4096, 0)
    print(acl.rt.memcpy(copy, 4096, memory, 16, 3))
    print(ctypes.string_at(copy, 16).decode())
    """
    done = run_python(code, env={"CAIRN_SOC": "Ascend310B4"})
    assert done.stdout.splitlines() == ["0", "read from a file"]


@pytest.mark.rules("RT-130", "RT-161")
def test_threads_allocate_and_free_at_the_same_time(acl, context, memory_kind):
    failures = []

    def work(seed: int) -> None:
        acl.rt.set_context(context)
        sizes = [(seed * 7919 + i * 104729) % 200_000 + 1 for i in range(300)]
        places = []
        for size in sizes:
            memory, ret = acl.rt.malloc(size, 0)
            failures.append(ret)
            places.append(memory)
            if len(places) > 20:
                failures.append(acl.rt.free(places.pop(0)))
        failures.extend(acl.rt.free(place) for place in places)

    before = acl.rt.get_mem_info(memory_kind)[0]
    threads = [threading.Thread(target=work, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(failures) == {0}
    assert acl.rt.get_mem_info(memory_kind)[0] == before


@pytest.mark.rules("GDE-003")
def test_device_memory_outlives_the_context_in_which_it_was_allocated(acl, device):
    default, _ = acl.rt.get_context()
    context, _ = acl.rt.create_context(device)
    memory, _ = acl.rt.malloc(64, 0)
    acl.rt.destroy_context(context)
    acl.rt.set_context(default)
    assert acl.rt.memset(memory, 64, 1, 64) == 0
    assert acl.rt.free(memory) == 0


@pytest.mark.rules("GDE-065", "GDE-066", "GDE-017")
def test_host_code_that_reads_device_memory_faults_in_host_mode(run_python):
    code = """
    import acl, ctypes
    acl.init(); acl.rt.set_device(0)
    memory, _ = acl.rt.malloc(4096, 0)
    print('before', flush=True)
    ctypes.string_at(memory, 16)
    print('after')
    """
    done = run_python(code, env={"CAIRN_SOC": "Ascend310P3"})
    assert done.stdout.split() == ["before"]
    assert done.returncode == -11
