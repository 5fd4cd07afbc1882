#include "device/runtime.h"

#include "unit/runtime_fixture.h"

namespace cairn {
namespace {

class RuntimeStateTest : public test::RuntimeTest {};

TEST_F(RuntimeStateTest, ASecondInitialisationIsRefused) {
  EXPECT_EQ(runtime().initialize(nullptr).code(), ACL_ERROR_REPEAT_INITIALIZE);
}

TEST_F(RuntimeStateTest, AThreadHasNoContextAtFirst) {
  std::thread([this] { EXPECT_EQ(runtime().current_context().code(), ACL_ERROR_RT_CONTEXT_NULL); }).join();
}

TEST_F(RuntimeStateTest, ACreatedContextIsCurrent) {
  const auto current = runtime().current_context();
  ASSERT_TRUE(current.is_ok());
  EXPECT_TRUE(*current == context());
}

TEST_F(RuntimeStateTest, NullIsTheDefaultStreamOfTheCurrentContext) {
  const auto stream = runtime().stream(nullptr);
  ASSERT_TRUE(stream.is_ok());
  EXPECT_TRUE(*stream == context()->default_stream());
  EXPECT_EQ((*stream)->kind(), Stream::Kind::kDefault);
}

TEST_F(RuntimeStateTest, AStreamOfAnotherContextIsRefused) {
  const Ref<Stream> stream = make_stream();
  const auto other = runtime().create_context(0);
  ASSERT_TRUE(other.is_ok());
  EXPECT_EQ(runtime().stream(stream.handle()).code(), ACL_ERROR_RT_STREAM_CONTEXT);
  EXPECT_TRUE(runtime().destroy_context((*other).handle()).is_ok());
  EXPECT_TRUE(runtime().set_current_context(context().handle()).is_ok());
  EXPECT_TRUE(runtime().stream(stream.handle()).is_ok());
}

TEST_F(RuntimeStateTest, AContextThatEndsWithItsStreamsLeavesNoCurrentOne) {
  std::thread([this] {
    const auto context = runtime().create_context(0);
    ASSERT_TRUE(context.is_ok());
    const Ref<Stream> stream = make_stream();
    EXPECT_TRUE(runtime().destroy_context((*context).handle()).is_ok());
    EXPECT_EQ(runtime().current_context().code(), ACL_ERROR_RT_CONTEXT_NULL);
    EXPECT_FALSE(runtime().stream(stream.handle()).is_ok());
  }).join();
}

TEST_F(RuntimeStateTest, SynchronizeDeviceForgetsStreamsOfDestroyedContexts) {
  const auto context = runtime().create_context(0);
  ASSERT_TRUE(context.is_ok());
  const Ref<Stream> stream = make_stream();
  test::Gate gate(stream);
  EXPECT_TRUE(runtime().destroy_context((*context).handle()).is_ok());
  gate.open();
  EXPECT_TRUE(runtime().set_current_context(this->context().handle()).is_ok());
  const Status status = runtime().synchronize_device();
  EXPECT_TRUE(status.is_ok()) << status.text();
}

TEST_F(RuntimeStateTest, HostAndDeviceAddressesAreToldApart) {
  const auto pointer = runtime().allocate(100, 64, "RT-130");
  ASSERT_TRUE(pointer.is_ok());
  int host = 0;
  EXPECT_NE(runtime().device_of_address(*pointer), nullptr);
  EXPECT_EQ(runtime().device_of_address(&host), nullptr);
  EXPECT_EQ(runtime().device_of_address(nullptr), nullptr);
  EXPECT_TRUE(runtime().resolve(*pointer, 100, "src", "RT-176").is_ok());
  EXPECT_FALSE(runtime().resolve(&host, 4, "src", "RT-176").is_ok());
  EXPECT_TRUE(runtime().resolve_any(&host, 4, "src", "RT-176").is_ok());
  EXPECT_FALSE(runtime().resolve_any(nullptr, 4, "src", "RT-176").is_ok());
  EXPECT_TRUE(runtime().free(*pointer, "RT-161").is_ok());
  EXPECT_FALSE(runtime().resolve_any(*pointer, 100, "src", "RT-176").is_ok());
}

TEST_F(RuntimeStateTest, HostMemoryIsFreedOnceAndOnlyIfItIsOurs) {
  const auto pointer = runtime().allocate_host(100);
  ASSERT_TRUE(pointer.is_ok());
  EXPECT_EQ(reinterpret_cast<uintptr_t>(*pointer) % 64, 0U);
  int other = 0;
  EXPECT_FALSE(runtime().free_host(&other).is_ok());
  EXPECT_FALSE(runtime().free_host(nullptr).is_ok());
  EXPECT_TRUE(runtime().free_host(*pointer).is_ok());
  EXPECT_FALSE(runtime().free_host(*pointer).is_ok());
}

TEST_F(RuntimeStateTest, ThreadsCreateAndDestroyContexts) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([this] {
      for (int i = 0; i < 50; ++i) {
        const auto context = runtime().create_context(0);
        ASSERT_TRUE(context.is_ok()) << context.status().text();
        const Ref<Stream> stream = make_stream();
        EXPECT_TRUE(Stream::launch(stream, "test", [](Stream&) { return Status(); }).is_ok());
        EXPECT_TRUE(runtime().destroy_context((*context).handle()).is_ok());
      }
    });
  }
  for (auto& thread : threads)
    thread.join();
}

}  // namespace
}  // namespace cairn
