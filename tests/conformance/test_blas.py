"""acl.blas: matrix products in float16 and int8, against NumPy."""

import itertools

import numpy as np
import pytest

N, T, NZ, NZ_T = 0, 1, 2, 3
HIGH, LOW = 0, 1
FLOAT, FLOAT16, INT8, INT32 = 0, 1, 2, 3
DTYPES = {FLOAT: np.float32, FLOAT16: np.float16, INT8: np.int8, INT32: np.int32}
# Types of A and B, of C [BLAS-017 … BLAS-020, BLAS-030 … BLAS-033].
COMBINATIONS = [(FLOAT16, FLOAT16), (FLOAT16, FLOAT), (INT8, FLOAT), (INT8, INT32)]


@pytest.fixture
def on_device(acl, context):
    """on_device(array) puts an array on the device and returns its address; on_device.get(address, like) reads it back."""

    class Device:
        def __init__(self):
            self._owned = []

        def __call__(self, array) -> int:
            array = np.ascontiguousarray(array)
            pointer, ret = acl.rt.malloc(array.nbytes, 2)
            assert ret == 0
            self._owned.append(pointer)
            data = acl.util.bytes_to_ptr(array.tobytes())
            assert acl.rt.memcpy(pointer, array.nbytes, data, array.nbytes, 1) == 0
            return pointer

        def get(self, pointer, like):
            host, ret = acl.rt.malloc_host(like.nbytes)
            assert ret == 0
            assert acl.rt.memcpy(host, like.nbytes, pointer, like.nbytes, 2) == 0
            array = np.frombuffer(acl.util.ptr_to_bytes(host, like.nbytes), like.dtype).reshape(like.shape)
            assert acl.rt.free_host(host) == 0
            return array

        def close(self):
            for pointer in self._owned:
                assert acl.rt.free(pointer) == 0

    one = Device()
    yield one
    one.close()


def numbers(seed, shape, data_type):
    random = np.random.default_rng(seed)
    if data_type == INT8:
        return random.integers(-128, 128, shape).astype(np.int8)
    if data_type == INT32:
        return random.integers(-1000, 1000, shape).astype(np.int32)
    return random.standard_normal(shape).astype(DTYPES[data_type])


def fractal(matrix, block_rows, block_columns, blocks_by_rows):
    """The matrix as ACL_TRANS_NZ stores it; the padding is filled with a number that would be noticed."""
    rows, columns = -(-matrix.shape[0] // block_rows), -(-matrix.shape[1] // block_columns)
    padded = np.full((rows * block_rows, columns * block_columns), 99, matrix.dtype)
    padded[: matrix.shape[0], : matrix.shape[1]] = matrix
    blocks = padded.reshape(rows, block_rows, columns, block_columns)
    return np.ascontiguousarray(blocks.transpose((0, 2, 1, 3) if blocks_by_rows else (2, 0, 1, 3)))


def stored(matrix, order, of_b=False):
    if order == T:
        return matrix.T
    if order == NZ and matrix.dtype == np.int8:
        return fractal(matrix, 32, 16, True) if of_b else fractal(matrix, 16, 32, False)
    return fractal(matrix, 16, 16, False) if order == NZ else matrix


def expected(alpha, a, b, beta, c):
    if a.dtype == np.int8:
        product = a.astype(np.int64) @ b.astype(np.int64)
        if c.dtype == np.int32:
            return int(alpha) * product + int(beta) * c.astype(np.int64)
        return float(alpha) * product + float(beta) * c.astype(np.float64)
    return float(alpha) * (a.astype(np.float64) @ b.astype(np.float64)) + float(beta) * c.astype(np.float64)


def check(found, wanted):
    if found.dtype == np.int32:
        np.testing.assert_array_equal(found, wanted)
    else:
        relative = 2e-3 if found.dtype == np.float16 else 1e-5
        np.testing.assert_allclose(found, wanted, rtol=relative, atol=relative * np.abs(wanted).max())


def multiply(acl, on_device, stream, types, m, n, k, orders=(N, N), alpha=1, beta=0, gaps=(0, 0)):
    """Runs gemm_ex and compares with NumPy."""
    in_type, out_type = types
    a, b = numbers(m + k, (m, k), in_type), numbers(n + k + 7, (k, n), in_type)
    c = numbers(3, (m, n), out_type)
    scalars = [np.array([s], DTYPES[out_type]) for s in (alpha, beta)]
    memories, lines = [], []
    for matrix, order, gap, of_b in ((a, orders[0], gaps[0], False), (b, orders[1], gaps[1], True)):
        data = stored(matrix, order, of_b)
        lines.append(data.shape[1] + gap if gap else -1)
        memories.append(np.pad(data, ((0, 0), (0, gap)), constant_values=99) if gap else data)
    addresses = [on_device(memory) for memory in memories]
    result = on_device(c)
    ret = acl.blas.gemm_ex(
        *orders, N, m, n, k, on_device(scalars[0]), addresses[0], lines[0], in_type, addresses[1], lines[1], in_type,
        on_device(scalars[1]), result, n, out_type, HIGH, stream,
    )  # fmt: skip
    assert ret == 0, acl.get_recent_err_msg()
    assert acl.rt.synchronize_stream(stream) == 0
    check(on_device.get(result, c), expected(alpha, a, b, beta, c))


@pytest.mark.rules("BLAS-025", "BLAS-030", "BLAS-031", "BLAS-032", "BLAS-033", "BLAS-035", "BLAS-042", "BLAS-002",
                   "BLAS-003", "BLAS-004")  # fmt: skip
@pytest.mark.parametrize("types", COMBINATIONS)
@pytest.mark.parametrize("sizes", [(1, 1, 1), (3, 5, 7), (16, 16, 16), (33, 17, 65), (128, 64, 100)])
def test_gemm_ex_multiplies_matrices_of_all_documented_types(acl, on_device, stream, types, sizes):
    multiply(acl, on_device, stream, types, *sizes)


@pytest.mark.rules("BLAS-016", "BLAS-025", "BLAS-034")
@pytest.mark.parametrize("types", COMBINATIONS)
@pytest.mark.parametrize("scalars", [(0, 0), (1, 1), (2, 3), (-3, 0), (0, 2)])
def test_alpha_and_beta_have_the_type_of_c(acl, on_device, stream, types, scalars):
    multiply(acl, on_device, stream, types, 19, 21, 34, alpha=scalars[0], beta=scalars[1])


@pytest.mark.rules("BLAS-038", "BLAS-002", "BLAS-003")
@pytest.mark.parametrize("types", COMBINATIONS)
@pytest.mark.parametrize("orders", list(itertools.product((N, T), (N, T))))
def test_a_and_b_may_be_stored_transposed(acl, on_device, stream, types, orders):
    multiply(acl, on_device, stream, types, 18, 23, 37, orders)


@pytest.mark.rules("BLAS-014", "BLAS-028")
@pytest.mark.parametrize("types", COMBINATIONS)
@pytest.mark.parametrize("orders", list(itertools.product((N, T), (N, T))))
def test_a_leading_dimension_may_leave_gaps_between_rows(acl, on_device, stream, types, orders):
    multiply(acl, on_device, stream, types, 18, 23, 37, orders, gaps=(3, 5))


@pytest.mark.rules("BLAS-005", "BLAS-006", "BLAS-007", "BLAS-009", "BLAS-010", "BLAS-012", "BLAS-038")
@pytest.mark.parametrize("types", COMBINATIONS)
@pytest.mark.parametrize("orders", [(NZ, N), (N, NZ), (NZ, NZ), (NZ, T), (T, NZ)])
@pytest.mark.parametrize("sizes", [(5, 6, 7), (32, 48, 64), (33, 17, 65)])
def test_a_and_b_may_be_fractals(acl, on_device, stream, types, orders, sizes):
    multiply(acl, on_device, stream, types, *sizes, orders)


@pytest.mark.rules("BLAS-006", "BLAS-007", "BLAS-009", "BLAS-010", "BLAS-001")
@pytest.mark.parametrize("in_type", [FLOAT16, INT8])
@pytest.mark.parametrize("of_b", [False, True])
def test_fractals_without_memory_for_whole_blocks_are_refused(acl, on_device, stream, in_type, of_b):
    out_type = FLOAT16 if in_type == FLOAT16 else INT32
    shape = (17, 33)  # Rounded up: 32 x 48 of float16; of int8 32 x 64 for A, 32 x 48 for B.
    elements = {
        (FLOAT16, False): 32 * 48,
        (FLOAT16, True): 32 * 48,
        (INT8, False): 32 * 64,
        (INT8, True): 32 * 48,
    }
    needed = elements[in_type, of_b] * acl.data_type_size(in_type)
    scalar = on_device(np.ones(1, DTYPES[out_type]))
    other = on_device(np.zeros((64, 64), DTYPES[in_type]))
    result = on_device(np.zeros((64, 64), DTYPES[out_type]))
    m, n, k = (4, shape[1], shape[0]) if of_b else (shape[0], 4, shape[1])
    # Memory for the elements alone is not enough.
    for size, fits in ((needed, True), (shape[0] * shape[1] * acl.data_type_size(in_type), False)):
        blocks, ret = acl.rt.malloc(size, 2)
        assert ret == 0
        a, b = (other, blocks) if of_b else (blocks, other)
        ret = acl.blas.gemm_ex(N if of_b else NZ, NZ if of_b else N, N, m, n, k, scalar, a, -1, in_type, b, -1,
                               in_type, scalar, result, -1, out_type, HIGH, stream)  # fmt: skip
        assert (ret == 0) == fits
        assert acl.rt.synchronize_stream(stream) == 0
        assert acl.rt.free(blocks) == 0


@pytest.mark.rules("BLAS-026", "BLAS-027")
@pytest.mark.parametrize("order", [T, NZ, NZ_T, -1, 77])
def test_only_n_is_supported_for_c(acl, on_device, stream, order):
    x = on_device(np.zeros((32, 32), np.float16))
    assert acl.blas.hgemm(N, N, order, 4, 4, 4, x, x, 4, x, 4, x, x, 4, HIGH, stream) != 0
    assert "BLAS-026" in acl.get_recent_err_msg()


@pytest.mark.rules("BLAS-038")
@pytest.mark.parametrize("order", [NZ_T, -1, 4])
def test_other_orders_of_a_and_b_are_refused(acl, on_device, stream, order):
    x = on_device(np.zeros((32, 32), np.float16))
    assert acl.blas.hgemm(order, N, N, 4, 4, 4, x, x, 4, x, 4, x, x, 4, HIGH, stream) != 0
    assert acl.blas.hgemm(N, order, N, 4, 4, 4, x, x, 4, x, 4, x, x, 4, HIGH, stream) != 0
    assert acl.blas.hgemv(order, 4, 4, x, x, 4, x, 1, x, x, 1, HIGH, stream) != 0
    assert acl.blas.create_handle_for_hgemm(order, N, N, 4, 4, 4, HIGH)[1] != 0


@pytest.mark.rules("BLAS-039")
@pytest.mark.parametrize("precision", [LOW, 2, -1])
def test_only_high_precision_is_supported(acl, on_device, stream, precision):
    x = on_device(np.zeros((32, 32), np.float16))
    assert acl.blas.hgemm(N, N, N, 4, 4, 4, x, x, 4, x, 4, x, x, 4, precision, stream) != 0
    assert acl.blas.hgemv(N, 4, 4, x, x, 4, x, 1, x, x, 1, precision, stream) != 0


@pytest.mark.rules("BLAS-021", "BLAS-034")
@pytest.mark.parametrize("types", [t for t in itertools.product((FLOAT, FLOAT16, INT8, INT32), repeat=3)
                                   if t[0] != t[1] or t[1:] not in COMBINATIONS])  # fmt: skip
def test_other_combinations_of_types_are_refused(acl, on_device, stream, types):
    x = on_device(np.zeros((32, 32), np.float32))
    a, b, c = types
    assert acl.blas.gemm_ex(N, N, N, 4, 4, 4, x, x, 4, a, x, 4, b, x, x, 4, c, HIGH, stream) != 0
    assert acl.blas.gemv_ex(N, 4, 4, x, x, 4, a, x, 1, b, x, x, 1, c, HIGH, stream) != 0
    assert acl.blas.create_handle_for_gemm_ex(N, N, N, 4, 4, 4, a, b, c, HIGH)[1] != 0
    assert acl.blas.create_handle_for_gemv_ex(N, 4, 4, a, b, c, HIGH)[1] != 0


@pytest.mark.rules("BLAS-001", "BLAS-004")
def test_memory_that_is_too_small_is_refused(acl, on_device, stream):
    small, large = on_device(np.zeros(64, np.float16)), on_device(np.zeros((64, 64), np.float16))
    for memory in ((small, large, large), (large, small, large), (large, large, small)):
        a, b, c = memory
        ret = acl.blas.hgemm(N, N, N, 2048, 2048, 2048, large, a, -1, b, -1, large, c, -1, HIGH, stream)
        assert ret != 0


@pytest.mark.rules("BLAS-014", "BLAS-028", "BLAS-029")
def test_leading_dimensions(acl, on_device, stream):
    x = on_device(np.zeros((64, 64), np.float16))

    def call(lda, ldb, ldc):
        return acl.blas.hgemm(N, N, N, 8, 9, 10, x, x, lda, x, ldb, x, x, ldc, HIGH, stream)  # fmt: skip

    assert call(10, 9, 9) == 0
    assert call(-1, -1, -1) == 0
    assert call(10, 9, 0) == 0  # ldc is reserved.
    assert call(9, 9, 9) != 0
    assert call(10, 8, 9) != 0
    assert call(0, 9, 9) != 0
    assert acl.rt.synchronize_stream(stream) == 0


def multiply_vector(acl, on_device, stream, types, m, n, order=N, alpha=1, beta=0, gap=0, incx=1, incy=1):
    in_type, out_type = types
    a, x, y = numbers(m, (m, n), in_type), numbers(n, (n,), in_type), numbers(5, (m,), out_type)
    data = stored(a, order)
    line = data.shape[1] + gap if order != NZ else -1
    memory = np.pad(data, ((0, 0), (0, gap)), constant_values=99) if gap else data
    spread_x, spread_y = np.full(n * incx, 77, x.dtype), np.full(m * incy, 77, y.dtype)
    spread_x[::incx], spread_y[::incy] = x, y
    scalars = [on_device(np.array([s], DTYPES[out_type])) for s in (alpha, beta)]
    result = on_device(spread_y)
    ret = acl.blas.gemv_ex(
        order, m, n, scalars[0], on_device(memory), line, in_type, on_device(spread_x), incx, in_type, scalars[1], result,
        incy, out_type, HIGH, stream,
    )  # fmt: skip
    assert ret == 0, acl.get_recent_err_msg()
    assert acl.rt.synchronize_stream(stream) == 0
    found = on_device.get(result, spread_y)
    check(found[::incy], expected(alpha, a, x, beta, y))
    between = np.ones(found.size, bool)
    between[::incy] = False
    assert (found[between] == 77).all()  # What lies between the elements of y stays.


@pytest.mark.rules("BLAS-013", "BLAS-017", "BLAS-018", "BLAS-019", "BLAS-020", "BLAS-040")
@pytest.mark.parametrize("types", COMBINATIONS)
@pytest.mark.parametrize("sizes", [(1, 1), (5, 3), (16, 32), (70, 129), (300, 257)])
def test_gemv_ex_multiplies_a_matrix_and_a_vector(acl, on_device, stream, types, sizes):
    multiply_vector(acl, on_device, stream, types, *sizes)


@pytest.mark.rules("BLAS-013", "BLAS-014", "BLAS-015", "BLAS-016", "BLAS-021", "BLAS-038")
@pytest.mark.parametrize("types", COMBINATIONS)
@pytest.mark.parametrize("order", [N, T, NZ])
@pytest.mark.parametrize("strides", [(1, 1), (2, 1), (1, 3), (4, 5)])
def test_gemv_ex_takes_strides_and_orders(acl, on_device, stream, types, order, strides):
    gap = 0 if order == NZ else 6
    multiply_vector(acl, on_device, stream, types, 37, 51, order, 2, 3, gap, *strides)


@pytest.mark.rules("BLAS-015")
@pytest.mark.parametrize("strides", [(0, 1), (1, 0), (-1, 1), (1, -2)])
def test_strides_have_to_be_positive(acl, on_device, stream, strides):
    x = on_device(np.zeros((32, 32), np.float16))
    assert acl.blas.hgemv(N, 4, 4, x, x, 4, x, strides[0], x, x, strides[1], HIGH, stream) != 0


@pytest.mark.rules("BLAS-023", "BLAS-036", "BLAS-041", "BLAS-043")
def test_hgemm_and_hgemv_take_halves(acl, on_device, stream):
    a, b, x = numbers(1, (9, 8), FLOAT16), numbers(2, (8, 7), FLOAT16), numbers(3, (8,), FLOAT16)
    one, zero = on_device(np.ones(1, np.float16)), on_device(np.zeros(1, np.float16))
    c, y = on_device(np.zeros((9, 7), np.float16)), on_device(np.zeros(9, np.float16))
    assert (
        acl.blas.hgemm(N, N, N, 9, 7, 8, one, on_device(a), 8, on_device(b), 7, zero, c, 7, HIGH, stream) == 0
    )
    assert acl.blas.hgemv(N, 9, 8, one, on_device(a), 8, on_device(x), 1, zero, y, 1, HIGH, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    check(on_device.get(c, np.zeros((9, 7), np.float16)), a.astype(np.float64) @ b)
    check(on_device.get(y, np.zeros(9, np.float16)), a.astype(np.float64) @ x)


@pytest.mark.rules("BLAS-024", "BLAS-037", "BLAS-041", "BLAS-043")
def test_s8gemm_and_s8gemv_take_int8(acl, on_device, stream):
    a, b, x = numbers(1, (9, 80), INT8), numbers(2, (80, 7), INT8), numbers(3, (80,), INT8)
    one, zero = on_device(np.ones(1, np.int32)), on_device(np.zeros(1, np.int32))
    c, y = on_device(np.zeros((9, 7), np.int32)), on_device(np.zeros(9, np.int32))
    assert (
        acl.blas.s8gemm(N, N, N, 9, 7, 80, one, on_device(a), 80, on_device(b), 7, zero, c, 7, HIGH, stream)
        == 0
    )
    assert acl.blas.s8gemv(N, 9, 80, one, on_device(a), 80, on_device(x), 1, zero, y, 1, HIGH, stream) == 0
    assert acl.rt.synchronize_stream(stream) == 0
    check(on_device.get(c, np.zeros((9, 7), np.int32)), a.astype(np.int64) @ b)
    check(on_device.get(y, np.zeros(9, np.int32)), a.astype(np.int64) @ x)


@pytest.mark.rules("BLAS-022", "BLAS-044", "OP-027", "OP-028")
@pytest.mark.parametrize("types", COMBINATIONS)
def test_a_handle_is_run_by_execute_with_handle(acl, on_device, stream, types):
    in_type, out_type = types
    a, b, c = numbers(1, (12, 40), in_type), numbers(2, (40, 6), in_type), numbers(3, (12, 6), out_type)
    handle, ret = acl.blas.create_handle_for_gemm_ex(N, N, N, 12, 6, 40, in_type, in_type, out_type, HIGH)
    assert ret == 0
    arrays = [a, b, c, np.array([2], DTYPES[out_type]), np.array([3], DTYPES[out_type])]
    addresses = [on_device(array) for array in arrays]
    buffers = [acl.create_data_buffer(p, array.nbytes) for p, array in zip(addresses, arrays, strict=True)]
    assert acl.op.execute_with_handle(handle, buffers, [buffers[2]], stream) == 0, acl.get_recent_err_msg()
    assert acl.rt.synchronize_stream(stream) == 0
    check(on_device.get(addresses[2], c), expected(2, a, b, 3, c))
    for buffer in buffers:
        assert acl.destroy_data_buffer(buffer) == 0
    assert acl.op.destroy_handle(handle) is None


@pytest.mark.rules("BLAS-022", "BLAS-044", "BLAS-023", "BLAS-024")
def test_each_function_has_its_handle(acl, context):
    made = [
        acl.blas.create_handle_for_gemv_ex(N, 4, 5, FLOAT16, FLOAT16, FLOAT, HIGH),
        acl.blas.create_handle_for_hgemv(T, 4, 5, HIGH),
        acl.blas.create_handle_for_s8gemv(N, 4, 5, HIGH),
        acl.blas.create_handle_for_gemm_ex(N, T, N, 4, 5, 6, INT8, INT8, FLOAT, HIGH),
        acl.blas.create_handle_for_hgemm(N, NZ, N, 4, 5, 6, HIGH),
        acl.blas.create_handle_for_s8gemm(N, N, N, 4, 5, 6, HIGH),
    ]
    for handle, ret in made:
        assert ret == 0 and handle != 0
        acl.op.destroy_handle(handle)


@pytest.mark.rules("OP-051", "OP-028")
def test_a_destroyed_handle_is_refused(acl, context, stream):
    handle, ret = acl.blas.create_handle_for_hgemm(N, N, N, 4, 5, 6, HIGH)
    assert ret == 0
    assert acl.op.destroy_handle(handle) is None
    assert acl.op.execute_with_handle(handle, [], [], stream) != 0
    assert "destroyed" in acl.get_recent_err_msg()


@pytest.mark.rules("BLAS-016")
def test_alpha_and_beta_may_be_on_the_host(acl, on_device, stream):
    a = numbers(1, (5, 5), FLOAT16)
    identity = np.eye(5, dtype=np.float16)
    result = on_device(np.ones((5, 5), np.float16))
    alpha = acl.util.bytes_to_ptr(np.array([4], np.float16).tobytes())
    beta = acl.util.bytes_to_ptr(np.array([-1], np.float16).tobytes())
    ret = acl.blas.hgemm(
        N, N, N, 5, 5, 5, alpha, on_device(a), 5, on_device(identity), 5, beta, result, 5, HIGH, stream
    )
    assert ret == 0, acl.get_recent_err_msg()
    assert acl.rt.synchronize_stream(stream) == 0
    check(on_device.get(result, a), 4 * a.astype(np.float64) - 1)


@pytest.mark.rules("BLAS-025")
@pytest.mark.parametrize(
    "sizes", [(0, 4, 4), (4, 0, 4), (4, 4, 0), (-1, 4, 4), (2**31 - 1, 2**31 - 1, 2**31 - 1)]
)
def test_sizes_that_cannot_be_are_refused(acl, on_device, stream, sizes):
    x = on_device(np.zeros((32, 32), np.float16))
    assert acl.blas.hgemm(N, N, N, *sizes, x, x, -1, x, -1, x, x, -1, HIGH, stream) != 0


@pytest.mark.rules("BLAS-025")
def test_products_run_in_the_order_of_their_stream(acl, on_device, gate, stream):
    a, b = numbers(1, (16, 16), FLOAT16), np.eye(16, dtype=np.float16)
    one, zero = on_device(np.ones(1, np.float16)), on_device(np.zeros(1, np.float16))
    result = on_device(np.zeros((16, 16), np.float16))
    gate.close(stream)
    assert (
        acl.blas.hgemm(
            N, N, N, 16, 16, 16, one, on_device(a), 16, on_device(b), 16, zero, result, 16, HIGH, stream
        )
        == 0
    )
    assert not on_device.get(result, a).any()  # Asynchronous.
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    check(on_device.get(result, a), a)
