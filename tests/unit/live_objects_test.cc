#include "device/live_objects.h"

#include <gmock/gmock.h>

#include "runtime_fixture.h"
#include "tensor/data_buffer.h"

namespace cairn {
namespace {

using testing::Contains;
using testing::Not;

class LiveObjectsTest : public test::RuntimeTest {
 protected:
  std::vector<std::string> names() { return runtime().live_objects(); }
  static std::string name(void* handle) { return describe_handle(handle); }
};

TEST_F(LiveObjectsTest, AreNamedFromCreationToDestruction) {
  void* stream = make_stream().handle();
  void* event = make_event().handle();
  EXPECT_THAT(names(), Contains(name(stream)));
  EXPECT_THAT(names(), Contains(name(event)));
  EXPECT_THAT(names(), Contains(name(context().handle())));
  EXPECT_TRUE(runtime().destroy_stream(stream, true).is_ok());
  EXPECT_TRUE(runtime().destroy_event(event).is_ok());
  EXPECT_THAT(names(), Not(Contains(name(stream))));
  EXPECT_THAT(names(), Not(Contains(name(event))));
}

TEST_F(LiveObjectsTest, IncludeObjectsOfHigherLayers) {
  void* buffer = handle_table<DataBuffer>().insert(std::make_unique<DataBuffer>()).handle();
  EXPECT_THAT(names(), Contains(name(buffer)));
  EXPECT_TRUE(handle_table<DataBuffer>().remove(buffer));
  EXPECT_THAT(names(), Not(Contains(name(buffer))));
}

TEST_F(LiveObjectsTest, LeaveOutWhatTheRuntimeMadeByItself) {
  EXPECT_THAT(names(), Not(Contains(name(context()->default_stream().handle()))));
}

TEST_F(LiveObjectsTest, NameAllocationsOfEverySize) {
  std::vector<void*> places;
  for (const size_t size : {size_t{1}, size_t{1000}, size_t{16384}, size_t{3} << 20}) {
    auto place = runtime().allocate(size, 64, "RT-133");
    ASSERT_TRUE(place.is_ok());
    places.push_back(*place);
  }
  const auto named = [&](void* place) {
    size_t count = 0;
    for (const std::string& text : names())
      count += text.ends_with(fmt::format(" bytes of device 0 at {}", place)) ? 1 : 0;
    return count;
  };
  for (void* place : places)
    EXPECT_EQ(named(place), 1U);
  for (void* place : places) {
    EXPECT_TRUE(runtime().free(place, "RT-162").is_ok());
    EXPECT_EQ(named(place), 0U);
  }
}

}  // namespace
}  // namespace cairn
