"""The flows of the guide for single operators, as far as they need none but the matrix products."""

import numpy as np
import pytest

FLOAT16, ND = 1, 2
TRANS_N = 0
HIGH_PRECISION = 0


def on_device(acl, array: np.ndarray) -> int:
    pointer, ret = acl.rt.malloc(array.nbytes, 2)
    assert ret == 0
    data = acl.util.bytes_to_ptr(array.tobytes())
    assert acl.rt.memcpy(pointer, array.nbytes, data, array.nbytes, 1) == 0
    return pointer


def from_device(acl, pointer: int, like: np.ndarray) -> np.ndarray:
    data = bytes(like.nbytes)
    assert acl.rt.memcpy(acl.util.bytes_to_ptr(data), like.nbytes, pointer, like.nbytes, 2) == 0
    return np.frombuffer(data, like.dtype).reshape(like.shape)


class Product:
    """The CBLAS sample: C = alpha * A * B + beta * C with A of m x k, B of k x n, by rows, alpha and beta on the device."""

    def __init__(self, acl, m: int, n: int, k: int, alpha: float, beta: float) -> None:
        random = np.random.default_rng(m)
        self.acl, self.sizes = acl, (m, n, k)
        self.a, self.b, self.c = (
            random.integers(-4, 5, shape).astype(np.float16) for shape in ((m, k), (k, n), (m, n))
        )
        self.expected = alpha * self.a.astype(np.float32) @ self.b + beta * self.c
        scalars = [np.array([each], np.float16) for each in (alpha, beta)]
        self.memory = [on_device(acl, each) for each in (self.a, self.b, self.c, *scalars)]

    def launch(self, stream: int) -> None:
        a, b, c, alpha, beta = self.memory
        m, n, k = self.sizes
        ret = self.acl.blas.gemm_ex(
            TRANS_N, TRANS_N, TRANS_N, m, n, k, alpha, a, k, FLOAT16, b, n, FLOAT16, beta, c, n, FLOAT16,
            HIGH_PRECISION, stream,
        )  # fmt: skip
        assert ret == 0, self.acl.get_recent_err_msg()

    def result(self) -> np.ndarray:
        return from_device(self.acl, self.memory[2], self.c)

    def free(self) -> None:
        for pointer in self.memory:
            assert self.acl.rt.free(pointer) == 0


@pytest.mark.rules("GDM-014", "GDM-016")
@pytest.mark.parametrize(("m", "n", "k"), [(3, 5, 7), (16, 4, 9), (2, 33, 17)])
def test_a_product_of_matrices_stored_by_rows(acl, stream, m, n, k):
    product = Product(acl, m, n, k, 2, 3)
    product.launch(stream)
    assert acl.rt.synchronize_stream(stream) == 0
    np.testing.assert_allclose(product.result(), product.expected, rtol=1e-3)
    product.free()


@pytest.mark.rules("GDM-013")
def test_the_result_is_there_after_the_synchronization(acl, stream, gate):
    product = Product(acl, 4, 6, 8, 1, 1)
    gate.close(stream)
    product.launch(stream)
    np.testing.assert_array_equal(product.result(), product.c)
    gate.open()
    assert acl.rt.synchronize_stream(stream) == 0
    np.testing.assert_allclose(product.result(), product.expected, rtol=1e-3)
    assert not np.array_equal(product.c, product.expected), "the test could not tell"
    product.free()


@pytest.mark.rules("GDM-017")
def test_the_order_of_release_of_the_sample(run_python):
    done = run_python(
        """
        import acl
        assert acl.init() == 0 and acl.rt.set_device(0) == 0
        stream, ret = acl.rt.create_stream()
        print(ret, acl.rt.destroy_stream(stream), acl.rt.reset_device(0), acl.finalize())
        """
    )
    assert done.stdout.split() == ["0"] * 4, done.stderr


@pytest.mark.rules("GDM-030")
@pytest.mark.parametrize("own", [True, False], ids=["created", "default"])
def test_stream_context_and_device_are_released_in_order(run_python, own):
    """The default stream and the default context, which are used as 0 and without a call, end with the device."""
    done = run_python(
        f"""
        import acl
        own = {own}
        assert acl.init() == 0 and acl.rt.set_device(0) == 0
        context = acl.rt.create_context(0)[0] if own else 0
        stream = acl.rt.create_stream()[0] if own else 0
        memory, _ = acl.rt.malloc(64, 2)
        print(acl.rt.memset_async(memory, 64, 1, 64, stream), acl.rt.synchronize_stream(stream), acl.rt.free(memory))
        if own:
            print(acl.rt.destroy_stream(stream), acl.rt.destroy_context(context))
        print(acl.rt.reset_device(0), acl.finalize())
        """
    )
    assert done.stdout.split() == ["0"] * (7 if own else 5), done.stderr


@pytest.mark.rules("GDM-033")
@pytest.mark.parametrize(("data_type", "dims", "size"), [(1, [2, 1], 4), (0, [2, 1], 8), (9, [3], 24)])
def test_the_bytes_of_a_tensor_are_those_of_its_description(acl, context, data_type, dims, size):
    desc = acl.create_tensor_desc(data_type, dims, ND)
    assert acl.get_tensor_desc_size(desc) == size
    memory, ret = acl.rt.malloc(acl.get_tensor_desc_size(desc), 2)  # ACL_MEM_MALLOC_NORMAL_ONLY
    assert ret == 0
    data = np.arange(size, dtype=np.uint8).tobytes()
    back = bytes(size)
    assert acl.rt.memcpy(memory, size, acl.util.bytes_to_ptr(data), size, 1) == 0  # ACL_MEMCPY_HOST_TO_DEVICE
    assert acl.rt.memcpy(acl.util.bytes_to_ptr(back), size, memory, size, 2) == 0  # ACL_MEMCPY_DEVICE_TO_HOST
    assert back == data
    assert acl.rt.free(memory) == 0
    acl.destroy_tensor_desc(desc)
