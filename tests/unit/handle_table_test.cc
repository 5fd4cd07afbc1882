#include "base/handle_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <new>
#include <random>
#include <set>
#include <thread>

namespace cairn {
namespace {

/// Counts its living instances, so that leaks and double deletes show.
struct Thing {
  static constexpr HandleType kHandleType = HandleType::kUnitTest;
  static inline std::atomic<int> alive{0};
  explicit Thing(int given = 0) : value(given) { ++alive; }
  ~Thing() {
    value = -1;
    --alive;
  }
  Thing(const Thing&) = delete;
  Thing& operator=(const Thing&) = delete;
  int value;
};

class HandleTableTest : public testing::Test {
 protected:
  void SetUp() override { before_ = Thing::alive; }
  void TearDown() override { EXPECT_EQ(Thing::alive, before_); }
  void* insert(int value = 0) { return table_.insert(std::make_unique<Thing>(value)).handle(); }

  HandleTable<Thing> table_{HandleType::kUnitTest};
  HandleTable<Thing> other_type_{HandleType::kEvent};
  int before_ = 0;
};

void* forge(uint64_t bits) {
  return reinterpret_cast<void*>(bits);
}
uint64_t bits_of(void* handle) {
  return reinterpret_cast<uint64_t>(handle);
}

TEST_F(HandleTableTest, FindsWhatWasInserted) {
  void* handle = insert(7);
  ASSERT_TRUE(table_.find(handle));
  EXPECT_EQ(table_.find(handle)->value, 7);
  EXPECT_EQ(table_.find(handle).handle(), handle);
  EXPECT_TRUE(table_.remove(handle));
}

TEST_F(HandleTableTest, WordsAreReadByTheHandleOfALivingObjectOnly) {
  std::array<uint64_t, 2> words{};
  void* handle = nullptr;
  {
    const Ref<Thing> thing = table_.insert(std::make_unique<Thing>());
    thing.words()[0].store(5);
    thing.words()[1].store(6);
    handle = thing.handle();
  }
  ASSERT_TRUE(table_.read(handle, words));
  EXPECT_EQ(words, (std::array<uint64_t, 2>{5, 6}));
  for (int bit = 0; bit < 64; ++bit)
    EXPECT_FALSE(table_.read(forge(bits_of(handle) ^ uint64_t{1} << bit), words)) << bit;
  EXPECT_FALSE(table_.read(nullptr, words));
  EXPECT_FALSE(other_type_.read(handle, words));
  EXPECT_TRUE(table_.remove(handle));
  EXPECT_FALSE(table_.read(handle, words));
  void* const next = insert();  // In the same slot.
  EXPECT_FALSE(table_.read(handle, words));
  EXPECT_TRUE(table_.remove(next));
}

TEST_F(HandleTableTest, WordsOfAnObjectThatEndsAreNeverThoseOfTheNext) {
  std::atomic<uint64_t> known{0};
  std::atomic<bool> done{false};
  // Each object's words are its handle's bits: who reads by a handle finds that or nothing.
  std::thread reader([&] {
    std::array<uint64_t, 2> words{};
    while (!done.load())
      if (const uint64_t bits = known.load(); bits != 0 && table_.read(forge(bits), words)) {
        ASSERT_EQ(words[0], bits);
        ASSERT_EQ(words[1], ~bits);
      }
  });
  for (int i = 0; i < 100000; ++i) {
    void* handle = nullptr;
    {
      const Ref<Thing> thing = table_.insert(std::make_unique<Thing>());
      handle = thing.handle();
      thing.words()[0].store(bits_of(handle), std::memory_order_release);
      thing.words()[1].store(~bits_of(handle), std::memory_order_release);
    }
    known.store(bits_of(handle));
    EXPECT_TRUE(table_.remove(handle));
  }
  done.store(true);
  reader.join();
}

TEST_F(HandleTableTest, HandlesAreNotNullAndDiffer) {
  std::set<void*> handles;
  for (int i = 0; i < 3000; ++i)
    handles.insert(insert(i));
  EXPECT_EQ(handles.size(), 3000U);
  EXPECT_FALSE(handles.contains(nullptr));
  for (void* handle : handles)
    EXPECT_TRUE(table_.remove(handle));
}

TEST_F(HandleTableTest, NoHandleIsACanonicalUserAddress) {
  void* handle = insert();
  EXPECT_GT(bits_of(handle) >> 56, 0U);
  EXPECT_EQ(bits_of(handle) >> 63, 0U);
  table_.remove(handle);
}

TEST_F(HandleTableTest, NullIsNotFound) {
  EXPECT_FALSE(table_.find(nullptr));
  EXPECT_FALSE(table_.remove(nullptr));
}

TEST_F(HandleTableTest, ARemovedHandleIsNotFound) {
  void* handle = insert();
  EXPECT_TRUE(table_.remove(handle));
  EXPECT_FALSE(table_.find(handle));
  EXPECT_FALSE(table_.remove(handle));
}

TEST_F(HandleTableTest, AStaleHandleDoesNotFindTheNextObjectInItsSlot) {
  std::set<void*> seen;
  for (int i = 0; i < 10000; ++i) {
    void* handle = insert(i);
    ASSERT_TRUE(seen.insert(handle).second);
    ASSERT_TRUE(table_.remove(handle));
  }
  void* living = insert();
  for (void* handle : seen)
    ASSERT_FALSE(table_.find(handle));
  table_.remove(living);
}

TEST_F(HandleTableTest, AHandleOfAnotherTypeIsNotFound) {
  void* handle = insert();
  EXPECT_FALSE(other_type_.find(handle));
  EXPECT_FALSE(other_type_.remove(handle));
  EXPECT_TRUE(table_.remove(handle));
}

TEST_F(HandleTableTest, EveryHandleWithOneBitChangedIsNotFound) {
  void* handle = insert();
  for (int bit = 0; bit < 64; ++bit)
    EXPECT_FALSE(table_.find(forge(bits_of(handle) ^ (1ULL << bit)))) << bit;
  table_.remove(handle);
}

TEST_F(HandleTableTest, RandomBitsFindNothing) {
  std::vector<void*> handles;
  for (int i = 0; i < 100; ++i)
    handles.push_back(insert(i));
  std::mt19937_64 random(2);
  for (int i = 0; i < 100000; ++i) {
    const uint64_t tag = bits_of(handles[0]) & 0xFF00000000000000;
    ASSERT_FALSE(table_.find(forge(random() >> 8 | (tag ^ 0x4000000000000000))));
    ASSERT_FALSE(table_.find(forge(tag | (random() & 0x00FFFFFFFF000000))));
  }
  for (void* handle : handles)
    table_.remove(handle);
}

TEST_F(HandleTableTest, AReferenceKeepsTheObjectAfterItsHandleHasEnded) {
  void* handle = insert(9);
  Ref<Thing> reference = table_.find(handle);
  EXPECT_TRUE(table_.remove(handle));
  EXPECT_FALSE(table_.find(handle));
  EXPECT_EQ(reference->value, 9);
  EXPECT_EQ(Thing::alive, before_ + 1);
  reference = {};
  EXPECT_EQ(Thing::alive, before_);
}

TEST_F(HandleTableTest, CopiesOfAReferenceCount) {
  void* handle = insert(4);
  Ref<Thing> first = table_.find(handle);
  Ref<Thing> second = first;
  Ref<Thing> third = std::move(first);
  EXPECT_FALSE(first);  // NOLINT(bugprone-use-after-move)
  EXPECT_TRUE(second == third);
  table_.remove(handle);
  second = {};
  EXPECT_EQ(third->value, 4);
}

TEST_F(HandleTableTest, ASlotIsReusedOnlyAfterTheLastReference) {
  void* first = insert(1);
  Ref<Thing> reference = table_.find(first);
  table_.remove(first);
  void* second = insert(2);
  EXPECT_EQ(reference->value, 1);
  EXPECT_EQ(table_.find(second)->value, 2);
  table_.remove(second);
}

TEST_F(HandleTableTest, ForEachVisitsTheLivingOnly) {
  std::vector<void*> handles;
  for (int i = 0; i < 10; ++i)
    handles.push_back(insert(i));
  for (int i = 0; i < 10; i += 2)
    table_.remove(handles[i]);
  std::vector<int> seen;
  table_.for_each([&](Thing& thing, void*) { seen.push_back(thing.value); });
  EXPECT_THAT(seen, testing::UnorderedElementsAre(1, 3, 5, 7, 9));
  for (int i = 1; i < 10; i += 2)
    table_.remove(handles[i]);
}

TEST_F(HandleTableTest, OneOfSeveralThreadsRemovesAHandle) {
  for (int round = 0; round < 300; ++round) {
    void* handle = insert();
    std::atomic<int> removed{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] { removed += table_.remove(handle) ? 1 : 0; });
    for (auto& thread : threads)
      thread.join();
    ASSERT_EQ(removed, 1);
  }
}

TEST_F(HandleTableTest, ThreadsFindWhileOthersRemoveAndInsert) {
  constexpr int kSlots = 16;
  std::array<std::atomic<void*>, kSlots> shared{};
  for (auto& slot : shared)
    slot = insert(42);
  std::atomic<bool> end{false};
  std::atomic<int> found{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 random(t);
      while (!end) {
        Ref<Thing> reference = table_.find(shared[random() % kSlots]);
        if (!reference) continue;
        EXPECT_EQ(reference->value, 42);
        ++found;
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; i < 20000; ++i)
      EXPECT_TRUE(table_.remove(shared[i % kSlots].exchange(insert(42))));
    while (found == 0)
      std::this_thread::yield();
    end = true;
  });
  for (auto& thread : threads)
    thread.join();
  for (auto& slot : shared)
    EXPECT_TRUE(table_.remove(slot));
}

TEST_F(HandleTableTest, ThreadsInsertAndRemoveTheirOwn) {
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      std::vector<void*> mine;
      for (int i = 0; i < 5000; ++i) {
        mine.push_back(insert(t));
        if (mine.size() > 50) {
          EXPECT_EQ(table_.find(mine.front())->value, t);
          EXPECT_TRUE(table_.remove(mine.front()));
          mine.erase(mine.begin());
        }
      }
      for (void* handle : mine)
        EXPECT_TRUE(table_.remove(handle));
    });
  }
  for (auto& thread : threads)
    thread.join();
}

TEST_F(HandleTableTest, ErrorsTellNullStaleAndWrongTypeApart) {
  auto& things = handle_table<Thing>();
  void* handle = things.insert(std::make_unique<Thing>()).handle();
  EXPECT_TRUE(find<Thing>(handle, "thing", "COM-011").is_ok());
  things.remove(handle);

  const auto stale = find<Thing>(handle, "thing", "COM-011");
  const auto null = find<Thing>(nullptr, "thing", "COM-011");
  const auto wrong = find<Thing>(forge((static_cast<uint64_t>(HandleType::kEvent) << 56) | (1ULL << 32)),
                                 "thing", "COM-011", ACL_ERROR_RT_PARAM_INVALID);
  EXPECT_EQ(stale.code(), ACL_ERROR_INVALID_PARAM);
  EXPECT_EQ(wrong.code(), ACL_ERROR_RT_PARAM_INVALID);
  for (const Status& status : {stale.status(), null.status(), wrong.status()}) {
    EXPECT_TRUE(status.text().starts_with("[COM-011] ")) << status.text();
    EXPECT_NE(status.text().find("thing"), std::string_view::npos) << status.text();
  }
  EXPECT_NE(null.status().text().find("null"), std::string_view::npos);
  EXPECT_NE(wrong.status().text().find("event"), std::string_view::npos);
  EXPECT_NE(stale.status().text(), null.status().text());
}

TEST_F(HandleTableTest, AVisitorMayRemoveHandles) {
  for (int i = 0; i < 3000; ++i)
    insert(i);
  table_.for_each([&](const Thing& thing, void* handle) {
    if (thing.value % 2 == 0) {
      EXPECT_TRUE(table_.remove(handle));
    }
  });
  int left = 0;
  table_.for_each([&](const Thing& thing, void* handle) {
    EXPECT_EQ(thing.value % 2, 1);
    ++left;
    table_.remove(handle);
  });
  EXPECT_EQ(left, 1500);
}

TEST_F(HandleTableTest, AVisitorThatThrowsLeavesNoReference) {
  void* handle = insert();
  EXPECT_THROW(table_.for_each([](Thing&, void*) { throw std::bad_alloc(); }), std::bad_alloc);
  EXPECT_TRUE(table_.remove(handle));  // TearDown sees whether the object went.
}

}  // namespace
}  // namespace cairn
