#include "engine/background_work.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <exception>
#include <memory>
#include <numeric>
#include <openvino/op/constant.hpp>
#include <openvino/op/result.hpp>
#include <openvino/openvino.hpp>
#include <openvino/pass/serialize.hpp>
#include <ostream>
#include <streambuf>
#include <vector>

namespace cairn {
namespace {

/// Takes what is written and forgets it.
class Nowhere final : public std::streambuf {
  int_type overflow(int_type byte) override { return traits_type::not_eof(byte); }
  std::streamsize xsputn(const char* /*bytes*/, std::streamsize count) override { return count; }
};

/// Makes the objects that the engine keeps until the process ends for writing networks, such as the code that
/// it generates for checksums of small and of large constants. Made later, by a job, they would be gone
/// before end() is called, under the job's feet.
void make_lasting_objects() noexcept {
  constexpr std::array<size_t, 4> kSizes = {1 << 4, 1 << 10, 1 << 16, 1 << 21};
  try {
    ov::ResultVector results;
    for (const size_t size : kSizes) {
      std::vector<uint8_t> bytes(size);
      std::iota(bytes.begin(), bytes.end(), uint8_t{0});
      results.push_back(std::make_shared<ov::op::v0::Result>(
          std::make_shared<ov::op::v0::Constant>(ov::element::u8, ov::Shape{size}, bytes.data())));
    }
    Nowhere nowhere;
    std::ostream out(&nowhere);
    ov::pass::StreamSerialize(out).run_on_model(std::make_shared<ov::Model>(results, ov::ParameterVector{}));
  } catch (const std::exception&) {
    return;  // Then the job fails in the same way.
  }
}

}  // namespace

BackgroundWork& BackgroundWork::get() {
  static auto* work = new BackgroundWork;  // Ends in end(): the engine's own objects must still be there.
  return *work;
}

BackgroundWork::BackgroundWork() : process_(::getpid()) {
  make_lasting_objects();
  std::atexit([] { get().end(); });
}

void BackgroundWork::add(std::function<void()> job) noexcept {
  if (::getpid() != process_) return;
  try {
    const std::lock_guard lock(mutex_);
    if (ending_) return;
    if (!thread_.joinable()) thread_ = std::thread([this] { work(); });
    jobs_.push_back(std::move(job));
  } catch (const std::exception&) {
    return;
  }
  changed_.notify_all();
}

void BackgroundWork::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return jobs_.empty(); });
}

void BackgroundWork::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
    if (jobs_.empty()) return;
    {
      const std::function<void()> job = std::move(jobs_.front());
      lock.unlock();
      job();
    }  // What the job held goes without the lock.
    lock.lock();
    jobs_.pop_front();
    changed_.notify_all();
  }
}

void BackgroundWork::end() {
  if (::getpid() != process_) return;
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

}  // namespace cairn
