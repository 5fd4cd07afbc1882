// Kernels of a program, from their binary to their run on a stream.
#include "kernel/kernel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>
#include <numeric>
#include <set>
#include <thread>

#include "acl/acl.h"
#include "acl/acl_op.h"
#include "kernel/kernel_file.h"
#include "kernel/kernel_registry.h"
#include "unit/runtime_fixture.h"

namespace cairn::test {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

const std::vector<char>& binary() {
  static const std::vector<char> bytes = [] {
    std::ifstream file(CAIRN_TEST_KERNELS, std::ios::binary);
    return std::vector<char>(std::istreambuf_iterator<char>(file), {});
  }();
  return bytes;
}

std::span<const std::byte> as_file(const std::vector<char>& bytes) {
  return std::as_bytes(std::span(bytes));
}

TEST(KernelFile, ListsTheKernelsAndNothingElse) {
  const auto functions = read_kernel_file(as_file(binary()));
  ASSERT_TRUE(functions.is_ok()) << functions.status().text();
  std::set<std::string> names;
  for (const KernelFunction& function : *functions)
    names.insert(function.name);
  EXPECT_THAT(names, Contains("cce_add_float"));
  EXPECT_THAT(names, Contains("do_nothing"));
  EXPECT_EQ(names.size(), 16U);
}

/// A file that is cut off anywhere is refused, unless only what nobody loads (section headers, symbols for
/// debuggers) is gone.
TEST(KernelFile, RefusesCutOffFiles) {
  const auto whole = as_file(binary());
  size_t accepted = 0;
  for (size_t size = 0; size < whole.size(); size += size < 2048 ? 1 : 61) {
    const std::vector<std::byte> part(whole.begin(), whole.begin() + static_cast<ptrdiff_t>(size));
    const auto functions = read_kernel_file(part);
    if (functions.is_ok()) {
      ++accepted;
    } else {
      EXPECT_EQ(functions.code(), ACL_ERROR_OP_LOAD_FAILED);
      EXPECT_THAT(std::string(functions.status().text()), HasSubstr("[KRN-006]"));
    }
    if (size < whole.size() / 2) {
      EXPECT_FALSE(functions.is_ok()) << size;
    }
  }
  EXPECT_LT(accepted, whole.size() / 61 / 2);
}

TEST(KernelFile, SurvivesChangedBytes) {
  std::vector<char> bytes = binary();
  const size_t most = std::min<size_t>(bytes.size(), 8192);
  size_t refused = 0;
  for (size_t at = 0; at < most; ++at)
    for (const char change : {'\x01', '\x80', '\xff'}) {
      bytes[at] = static_cast<char>(bytes[at] ^ change);
      if (!read_kernel_file(as_file(bytes)).is_ok()) ++refused;
      bytes[at] = static_cast<char>(bytes[at] ^ change);
    }
  EXPECT_GT(refused, 1000U);
}

TEST(KernelFile, AFunctionWithoutANameIsNoKernel) {
  std::vector<char> bytes = binary();
  const std::string_view marker = "cairn_kernel_abi_do_nothing";
  const auto found = std::search(bytes.begin(), bytes.end(), marker.begin(), marker.end());
  ASSERT_NE(found, bytes.end());
  found[static_cast<ptrdiff_t>(marker.find("do_nothing"))] = '\0';  // The function's name ends this one's.
  const auto functions = read_kernel_file(as_file(bytes));
  ASSERT_TRUE(functions.is_ok()) << functions.status().text();
  for (const KernelFunction& function : *functions) {
    EXPECT_NE(function.name, "");
    EXPECT_NE(function.name, "do_nothing");
  }
}

struct HeaderChange {
  const char* name;
  size_t offset;
  std::vector<unsigned char> bytes;
  const char* text;
};

class KernelFileHeader : public testing::TestWithParam<HeaderChange> {};

TEST_P(KernelFileHeader, IsRefusedWithItsReason) {
  std::vector<char> bytes = binary();
  std::memcpy(bytes.data() + GetParam().offset, GetParam().bytes.data(), GetParam().bytes.size());
  const auto functions = read_kernel_file(as_file(bytes));
  ASSERT_FALSE(functions.is_ok());
  EXPECT_THAT(std::string(functions.status().text()), HasSubstr(GetParam().text));
}

INSTANTIATE_TEST_SUITE_P(, KernelFileHeader,
                         testing::Values(HeaderChange{"magic", 0, {0x7e}, "no ELF file"},
                                         HeaderChange{"class", 4, {1}, "64-bit"},
                                         HeaderChange{"order", 5, {2}, "little-endian"},
                                         HeaderChange{"machine", 18, {0x29, 0x10}, "for machine 4137"},
                                         HeaderChange{"object", 16, {1}, "not linked yet"},
                                         HeaderChange{"program", 16, {2}, "no shared object"},
                                         HeaderChange{"headers", 56, {0, 0}, "0 program headers"},
                                         HeaderChange{"place", 32, {0, 0, 0, 0, 0, 0, 1, 0}, "cut off"}),
                         [](const auto& info) { return std::string(info.param.name); });

/// Device memory with a description and a buffer.
class Tensor {
 public:
  template <class T>
  explicit Tensor(const std::vector<T>& values, aclDataType type = ACL_FLOAT)
      : bytes_(values.size() * sizeof(T)) {
    EXPECT_EQ(aclrtMalloc(&address_, std::max<size_t>(bytes_, 1), ACL_MEM_MALLOC_HUGE_FIRST), ACL_SUCCESS);
    EXPECT_EQ(aclrtMemcpy(address_, bytes_, values.data(), bytes_, ACL_MEMCPY_HOST_TO_DEVICE), ACL_SUCCESS);
    const auto count = static_cast<int64_t>(values.size());
    desc_ = aclCreateTensorDesc(type, 1, &count, ACL_FORMAT_ND);
  }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  ~Tensor() {
    aclrtFree(address_);
    aclDestroyTensorDesc(desc_);
  }
  const aclTensorDesc* desc() const { return desc_; }
  OperatorBuffer buffer() const { return {address_, bytes_}; }
  template <class T>
  std::vector<T> values() const {
    std::vector<T> result(bytes_ / sizeof(T));
    EXPECT_EQ(aclrtMemcpy(result.data(), bytes_, address_, bytes_, ACL_MEMCPY_DEVICE_TO_HOST), ACL_SUCCESS);
    return result;
  }

 private:
  size_t bytes_;
  void* address_ = nullptr;
  aclTensorDesc* desc_ = nullptr;
};

/// What the selector of these tests says; a C selector has no argument of its own.
struct Choice {
  std::string kernel_id;
  uint32_t blocks = 1;
  std::vector<uint64_t> tiling;
  std::vector<size_t> workspaces;
};
Choice choice;
int selector_calls = 0;

aclError choose(int, const aclTensorDesc* const*, int, const aclTensorDesc* const*, const aclopAttr*,
                aclopKernelDesc* desc) {
  ++selector_calls;
  const aclError ret = aclopSetKernelArgs(desc, choice.kernel_id.c_str(), choice.blocks, choice.tiling.data(),
                                          static_cast<uint32_t>(choice.tiling.size() * sizeof(uint64_t)));
  if (ret != ACL_SUCCESS || choice.workspaces.empty()) return ret;
  return aclopSetKernelWorkspaceSizes(desc, static_cast<int>(choice.workspaces.size()),
                                      choice.workspaces.data());
}

aclError create(const char* type, const char* id, const char* name,
                aclopEngineType engine = ACL_ENGINE_AICORE) {
  static std::vector<char> bytes = binary();
  return aclopCreateKernel(type, id, name, bytes.data(), static_cast<int>(bytes.size()), engine, nullptr);
}

class KernelTest : public RuntimeTest {
 protected:
  void SetUp() override {
    RuntimeTest::SetUp();
    stream_ = make_stream();
    choice = {};
    selector_calls = 0;
  }
  void TearDown() override {
    stream_ = Ref<Stream>();
    KernelRegistry::get().clear();
    RuntimeTest::TearDown();
  }

  /// Registers the test kernel as operator `type` with a selector.
  void add(const char* type, const char* kernel, aclopEngineType engine = ACL_ENGINE_AICORE) {
    ASSERT_EQ(create(type, kernel, kernel, engine), ACL_SUCCESS) << aclGetRecentErrMsg();
    ASSERT_EQ(aclopRegisterCompileFunc(type, choose), ACL_SUCCESS) << aclGetRecentErrMsg();
    choice.kernel_id = kernel;
  }

  Status launch(const char* type, const std::vector<const Tensor*>& inputs,
                const std::vector<const Tensor*>& outputs) {
    std::vector<const aclTensorDesc*> in, out;
    std::vector<OperatorBuffer> from, to;
    for (const Tensor* each : inputs) {
      in.push_back(each->desc());
      from.push_back(each->buffer());
    }
    for (const Tensor* each : outputs) {
      out.push_back(each->desc());
      to.push_back(each->buffer());
    }
    CAIRN_ASSIGN(const auto found, KernelRegistry::get().find({type, in, out, nullptr}));
    if (found == nullptr) return error(ACL_ERROR_OP_NOT_FOUND, "KRN-016", "none");
    return PreparedKernel::launch(found, "test", from, to, stream_);
  }
  /// The outcome of launch and run.
  Status run(const char* type, const std::vector<const Tensor*>& inputs,
             const std::vector<const Tensor*>& outputs) {
    CAIRN_RETURN_IF_ERROR(launch(type, inputs, outputs));
    return stream_->synchronize(kLong);
  }

  Ref<Stream> stream_;
};

TEST_F(KernelTest, AddsInTilesOnSeveralBlocks) {
  add("Add", "cce_add_float");
  for (const uint32_t blocks : {1U, 3U, 8U, 100U})
    for (const uint64_t tile : {1U, 7U, 64U, 5000U}) {
      const size_t count = 1000 + tile + blocks;  // A description of its own for each tiling.
      std::vector<float> a(count), b(count), expected(count);
      for (size_t i = 0; i < count; ++i) {
        a[i] = static_cast<float>(i), b[i] = 0.5F * static_cast<float>(i % 13);
        expected[i] = a[i] + b[i];
      }
      choice.blocks = blocks;
      choice.tiling = {count, tile};
      const Tensor first(a), second(b), sum(std::vector<float>(count, 0));
      const Status status = run("Add", {&first, &second}, {&sum});
      ASSERT_TRUE(status.is_ok()) << status.text();
      EXPECT_EQ(sum.values<float>(), expected) << blocks << " blocks, tiles of " << tile;
    }
}

TEST_F(KernelTest, RunsEachBlockOnceAndKnowsTheirNumber) {
  add("Blocks", "write_block");
  choice.blocks = 1000;
  const Tensor out(std::vector<uint32_t>(2000, 77), ACL_UINT32);
  const Status status = run("Blocks", {}, {&out});
  ASSERT_TRUE(status.is_ok()) << status.text();
  const auto values = out.values<uint32_t>();
  for (uint32_t i = 0; i < 1000; ++i) {
    EXPECT_EQ(values[2 * i], i);
    EXPECT_EQ(values[2 * i + 1], 1000U);
  }
}

TEST_F(KernelTest, SeesTheSizesOfTensorsAndWorkspaces) {
  add("Sizes", "write_sizes");
  choice.workspaces = {100, 0, 64, 1 << 20};
  const Tensor in(std::vector<float>(5)), out(std::vector<uint64_t>(6, 9), ACL_UINT64);
  const Status status = run("Sizes", {&in}, {&out});
  ASSERT_TRUE(status.is_ok()) << status.text();
  EXPECT_THAT(out.values<uint64_t>(), ElementsAre(20, 48, 100, 0, 64, 1 << 20));
}

TEST_F(KernelTest, TakesMoreTensorsThanFitIntoATask) {
  add("Sizes", "write_sizes");
  std::vector<std::unique_ptr<Tensor>> kept;
  std::vector<const Tensor*> inputs;
  for (size_t i = 1; i <= 20; ++i) {
    kept.push_back(std::make_unique<Tensor>(std::vector<uint8_t>(i), ACL_UINT8));
    inputs.push_back(kept.back().get());
  }
  choice.workspaces = std::vector<size_t>(16, 3);
  const Tensor out(std::vector<uint64_t>(37), ACL_UINT64);
  const Status status = run("Sizes", inputs, {&out});
  ASSERT_TRUE(status.is_ok()) << status.text();
  const auto values = out.values<uint64_t>();
  for (uint64_t i = 0; i < 20; ++i)
    EXPECT_EQ(values[i], i + 1);
  EXPECT_EQ(values[20], 37U * 8);
  EXPECT_EQ(values[36], 3U);
}

TEST_F(KernelTest, ReceivesTheTilingDataAsItWasWhenTheSelectorRan) {
  add("Tiling", "write_tiling");
  choice.tiling = {1, 2, 3, ~uint64_t{0}};
  const Tensor out(std::vector<uint64_t>(4), ACL_UINT64);
  Gate gate(stream_);
  ASSERT_TRUE(launch("Tiling", {}, {&out}).is_ok());
  choice.tiling = {9, 9, 9, 9};
  gate.open();
  ASSERT_TRUE(stream_->synchronize(kLong).is_ok());
  EXPECT_THAT(out.values<uint64_t>(), ElementsAre(1, 2, 3, ~uint64_t{0}));
}

TEST_F(KernelTest, GivesItsWorkspacesBack) {
  add("Sizes", "write_sizes");
  choice.workspaces = {16 << 20};
  const Tensor out(std::vector<uint64_t>(2), ACL_UINT64);
  ASSERT_TRUE(run("Sizes", {}, {&out}).is_ok());
  const size_t before = stream_->device().memory()->allocation_count();
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(launch("Sizes", {}, {&out}).is_ok());
  ASSERT_TRUE(stream_->synchronize(kLong).is_ok());
  EXPECT_EQ(stream_->device().memory()->allocation_count(), before);
}

TEST_F(KernelTest, FailsWithoutMemoryForItsWorkspaces) {
  add("Sizes", "write_sizes");
  choice.workspaces = {size_t{1} << 45};
  const Tensor out(std::vector<uint64_t>(2), ACL_UINT64);
  EXPECT_EQ(run("Sizes", {}, {&out}).code(), ACL_ERROR_RT_MEMORY_ALLOCATION);
}

struct Fault {
  const char* kernel;
  const char* text;
};
class KernelFaults : public KernelTest, public testing::WithParamInterface<Fault> {};

/// A fault is an error of the stream and of nothing else: the same stream goes on.
TEST_P(KernelFaults, EndTheLaunchWithAnError) {
  add("Faulty", GetParam().kernel);
  choice.blocks = 5;
  choice.tiling = {1};
  const Tensor in(std::vector<float>(4)), out(std::vector<float>(4));
  const Status status = run("Faulty", {&in, &in}, {&out});
  EXPECT_EQ(status.code(), ACL_ERROR_RT_AICORE_EXCEPTION);
  EXPECT_THAT(std::string(status.text()), HasSubstr(GetParam().text));
  EXPECT_THAT(std::string(status.text()), HasSubstr(GetParam().kernel));
  add("Blocks", "write_block");
  const Tensor blocks(std::vector<uint32_t>(2, 5), ACL_UINT32);
  choice.blocks = 1;
  ASSERT_TRUE(run("Blocks", {}, {&blocks}).is_ok());
  EXPECT_THAT(blocks.values<uint32_t>(), ElementsAre(0, 1));
}

INSTANTIATE_TEST_SUITE_P(
    , KernelFaults,
    testing::Values(Fault{"throw_in_block_3",
                          "block 3 of 5 of kernel throw_in_block_3 threw three is too many"},
                    Fault{"throw_a_number", "no std::exception"},
                    Fault{"leave_the_span", "elements 4 to 5 (not included) of a span of 4"},
                    Fault{"read_a_third_input", "input 2 of 2"},
                    Fault{"want_other_tiling", "tiling data of 8 bytes does not go with a type of 16 bytes"}
#if defined(__x86_64__)
                    ,
                    Fault{"write_to_nowhere", "touched memory that is not mapped at 0x1"},
                    Fault{"divide_by_zero", "divided an integer by zero"}, Fault{"trap", "or trapped"}
#endif
                    ),
    [](const auto& info) { return std::string(info.param.kernel); });

TEST_F(KernelTest, FaultsOfTheVectorCoreHaveTheirOwnCode) {
  add("Faulty", "throw_a_number", ACL_ENGINE_VECTOR);
  EXPECT_EQ(run("Faulty", {}, {}).code(), ACL_ERROR_RT_VECTOR_CORE_EXCEPTION);
}

TEST_F(KernelTest, EndsWhenTheTimeForOperatorsIsOver) {
  add("Slow", "sleep_20_ms");
  choice.blocks = 10000;
  ASSERT_TRUE(runtime().set_op_execute_timeout(100).is_ok());
  const Status status = run("Slow", {}, {});
  ASSERT_TRUE(runtime().set_op_execute_timeout(0).is_ok());
  EXPECT_EQ(status.code(), ACL_ERROR_RT_AICORE_TIMEOUT);
  EXPECT_THAT(std::string(status.text()), HasSubstr("[OP-007]"));
}

TEST_F(KernelTest, SharesItsBlocksWithIdleWorkers) {
  ASSERT_GE(stream_->device().worker_count(), 2U);
  add("Slow", "sleep_20_ms");
  choice.blocks = 20;
  const auto start = std::chrono::steady_clock::now();
  ASSERT_TRUE(run("Slow", {}, {}).is_ok());
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(20 * 20));
}

TEST_F(KernelTest, LaunchesOnManyStreamsAtOnceAddRightly) {
  add("Add", "cce_add_float");
  constexpr size_t kCount = 10000;
  choice.blocks = 7;
  choice.tiling = {kCount, 100};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.push_back(thread_with_context([&, t] {
      const Ref<Stream> mine = make_stream();
      const Tensor a(std::vector<float>(kCount, static_cast<float>(t))), b(std::vector<float>(kCount, 0.25F)),
          c(std::vector<float>(kCount, 0));
      const std::vector<const aclTensorDesc*> in{a.desc(), b.desc()}, out{c.desc()};
      const std::vector<OperatorBuffer> from{a.buffer(), b.buffer()}, to{c.buffer()};
      for (int i = 0; i < 200; ++i) {
        const auto found = KernelRegistry::get().find({"Add", in, out, nullptr});
        ASSERT_TRUE(found.is_ok());
        ASSERT_TRUE(PreparedKernel::launch(*found, "test", from, to, mine).is_ok());
      }
      ASSERT_TRUE(mine->synchronize(kLong).is_ok());
      EXPECT_EQ(c.values<float>(), std::vector<float>(kCount, 0.25F + static_cast<float>(t)));
    }));
  for (std::thread& thread : threads)
    thread.join();
}

TEST_F(KernelTest, AsksTheSelectorOnceForTheSameTensors) {
  add("Blocks", "write_block");
  const Tensor two(std::vector<uint32_t>(2), ACL_UINT32), four(std::vector<uint32_t>(4), ACL_UINT32);
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(run("Blocks", {}, {&two}).is_ok());
  EXPECT_EQ(selector_calls, 1);
  ASSERT_TRUE(run("Blocks", {}, {&four}).is_ok());
  EXPECT_EQ(selector_calls, 2);
}

TEST_F(KernelTest, AttributesTellOperatorsApart) {
  add("Blocks", "write_block");
  const Tensor out(std::vector<uint32_t>(2), ACL_UINT32);
  const aclTensorDesc* const desc = out.desc();
  aclopAttr* const attr = aclopCreateAttr();
  const auto ask = [&] { return KernelRegistry::get().find({"Blocks", {}, {&desc, 1}, attr}); };
  EXPECT_TRUE(ask().is_ok());
  EXPECT_EQ(aclopSetAttrInt(attr, "axis", 1), ACL_SUCCESS);
  EXPECT_TRUE(ask().is_ok());
  EXPECT_EQ(selector_calls, 2);
  EXPECT_EQ(aclopSetAttrInt(attr, "axis", 1), ACL_SUCCESS);
  EXPECT_TRUE(ask().is_ok());
  EXPECT_EQ(selector_calls, 2);
  EXPECT_EQ(aclopSetAttrFloat(attr, "axis", 1), ACL_SUCCESS);
  EXPECT_TRUE(ask().is_ok());
  EXPECT_EQ(selector_calls, 3);
  aclopDestroyAttr(attr);
}

TEST_F(KernelTest, KeepsABoundedNumberOfChoices) {
  add("Blocks", "write_block");
  for (int64_t size = 1; size <= 1500; ++size) {
    aclTensorDesc* const desc = aclCreateTensorDesc(ACL_UINT32, 1, &size, ACL_FORMAT_ND);
    const aclTensorDesc* const list = desc;
    ASSERT_EQ(aclopUpdateParams("Blocks", 0, nullptr, 1, &list, nullptr), ACL_SUCCESS);
    aclDestroyTensorDesc(desc);
  }
  EXPECT_EQ(selector_calls, 1500);
  const auto asked = [&](int64_t size) {
    aclTensorDesc* const desc = aclCreateTensorDesc(ACL_UINT32, 1, &size, ACL_FORMAT_ND);
    const aclTensorDesc* const list = desc;
    const int before = selector_calls;
    EXPECT_TRUE(KernelRegistry::get().find({"Blocks", {}, {&list, 1}, nullptr}).is_ok());
    aclDestroyTensorDesc(desc);
    return selector_calls - before;
  };
  EXPECT_EQ(asked(1500), 0);
  EXPECT_EQ(asked(1), 1);
}

TEST_F(KernelTest, AQueuedLaunchKeepsItsKernelLoaded) {
  add("Add", "cce_add_float");
  choice.tiling = {4, 4};
  const Tensor a(std::vector<float>(4, 1)), c(std::vector<float>(4));
  Gate gate(stream_);
  ASSERT_TRUE(launch("Add", {&a, &a}, {&c}).is_ok());
  KernelRegistry::get().clear();
  gate.open();
  ASSERT_TRUE(stream_->synchronize(kLong).is_ok());
  EXPECT_THAT(c.values<float>(), ElementsAre(2, 2, 2, 2));
}

TEST_F(KernelTest, BuffersThatDoNotFitAreRefused) {
  add("Add", "cce_add_float");
  choice.tiling = {4, 4};
  const Tensor a(std::vector<float>(4)), c(std::vector<float>(4));
  const std::vector<const aclTensorDesc*> in{a.desc(), a.desc()}, out{c.desc()};
  const auto found = KernelRegistry::get().find({"Add", in, out, nullptr});
  ASSERT_TRUE(found.is_ok());
  const auto launched = [&](std::vector<OperatorBuffer> from, std::vector<OperatorBuffer> to) {
    return PreparedKernel::launch(*found, "test", from, to, stream_).code();
  };
  const OperatorBuffer whole = a.buffer();
  std::vector<float> host(4);
  EXPECT_EQ(launched({whole, whole}, {c.buffer()}), ACL_SUCCESS);
  EXPECT_EQ(launched({whole}, {c.buffer()}), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(launched({whole, whole}, {}), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(launched({{whole.data, 15}, whole}, {c.buffer()}), ACL_ERROR_INVALID_PARAM);
  EXPECT_NE(launched({{nullptr, 16}, whole}, {c.buffer()}), ACL_SUCCESS);
  EXPECT_NE(launched({{host.data(), 16}, whole}, {c.buffer()}), ACL_SUCCESS);
  EXPECT_EQ(launched({{static_cast<std::byte*>(whole.data) + 2, 16}, whole}, {c.buffer()}),
            ACL_ERROR_RT_ADDR_UNALIGNED);
  EXPECT_TRUE(stream_->synchronize(kLong).is_ok());
}

TEST_F(KernelTest, RegisteredBinariesAreCopied) {
  std::vector<char> mine = binary();
  ASSERT_EQ(aclopCreateKernel("Blocks", "id", "write_block", mine.data(), static_cast<int>(mine.size()),
                              ACL_ENGINE_SYS, [](void* data, size_t size) { std::memset(data, 0, size); }),
            ACL_SUCCESS);
  EXPECT_EQ(mine, std::vector<char>(mine.size()));
  ASSERT_EQ(aclopRegisterCompileFunc("Blocks", choose), ACL_SUCCESS);
  choice.kernel_id = "id";
  const Tensor out(std::vector<uint32_t>(2, 7), ACL_UINT32);
  ASSERT_TRUE(run("Blocks", {}, {&out}).is_ok());
  EXPECT_THAT(out.values<uint32_t>(), ElementsAre(0, 1));
}

TEST_F(KernelTest, WrongBinariesAreRefused) {
  std::vector<char> bytes = binary();
  const auto made = [&](const void* data, int size, const char* name) {
    return aclopCreateKernel("T", "id", name, const_cast<void*>(data), size, ACL_ENGINE_SYS, nullptr);
  };
  const int size = static_cast<int>(bytes.size());
  EXPECT_EQ(made(nullptr, size, "do_nothing"), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(made(bytes.data(), 0, "do_nothing"), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(made(bytes.data(), -5, "do_nothing"), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(made(reinterpret_cast<void*>(16), size, "do_nothing"), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(made(bytes.data(), size, "no_such_kernel"), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(made(bytes.data(), size, nullptr), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(made(bytes.data(), 1000, "do_nothing"), ACL_ERROR_OP_LOAD_FAILED);
  EXPECT_EQ(made("text", 4, "do_nothing"), ACL_ERROR_OP_LOAD_FAILED);
  EXPECT_EQ(made(bytes.data(), size, "do_nothing"), ACL_SUCCESS);
}

TEST_F(KernelTest, TheSelectorHasToChooseAKernelOfTheType) {
  add("Blocks", "write_block");
  ASSERT_EQ(create("Other", "of_other", "write_block"), ACL_SUCCESS);
  choice.kernel_id = "of_other";
  const Tensor out(std::vector<uint32_t>(2), ACL_UINT32);
  const aclTensorDesc* const desc = out.desc();
  EXPECT_EQ(aclopUpdateParams("Blocks", 0, nullptr, 1, &desc, nullptr), ACL_ERROR_KERNEL_NOT_FOUND);
  EXPECT_EQ(aclopUnregisterCompileFunc("Blocks"), ACL_SUCCESS);
  ASSERT_EQ(aclopRegisterCompileFunc("Blocks",
                                     [](int, const aclTensorDesc* const*, int, const aclTensorDesc* const*,
                                        const aclopAttr*, aclopKernelDesc*) -> aclError { return 0; }),
            ACL_SUCCESS);
  EXPECT_EQ(aclopUpdateParams("Blocks", 0, nullptr, 1, &desc, nullptr), ACL_ERROR_KERNEL_NOT_FOUND);
}

aclopKernelDesc* kept_desc = nullptr;

TEST_F(KernelTest, ADescriptionEndsWithItsSelector) {
  ASSERT_EQ(create("Blocks", "id", "write_block"), ACL_SUCCESS);
  ASSERT_EQ(aclopRegisterCompileFunc("Blocks",
                                     [](int, const aclTensorDesc* const*, int, const aclTensorDesc* const*,
                                        const aclopAttr*, aclopKernelDesc* desc) -> aclError {
                                       kept_desc = desc;
                                       return aclopSetKernelArgs(desc, "id", 1, nullptr, 0);
                                     }),
            ACL_SUCCESS);
  ASSERT_EQ(aclopUpdateParams("Blocks", 0, nullptr, 0, nullptr, nullptr), ACL_SUCCESS);
  EXPECT_EQ(aclopSetKernelArgs(kept_desc, "id", 1, nullptr, 0), ACL_ERROR_INVALID_PARAM);
  size_t size = 1;
  EXPECT_EQ(aclopSetKernelWorkspaceSizes(kept_desc, 1, &size), ACL_ERROR_INVALID_PARAM);
}

}  // namespace
}  // namespace cairn::test
