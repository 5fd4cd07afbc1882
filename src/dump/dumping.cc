#include "dump/dumping.h"

#include <array>
#include <ctime>
#include <utility>

#include "acl/acl_base.h"

namespace cairn {
namespace {

std::string time_text() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  localtime_r(&now, &parts);
  std::array<char, sizeof "YYYYMMDDHHMMSS"> text{};
  std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &parts);
  return text.data();
}

}  // namespace

DumpSession::DumpSession(DumpConfig chosen) : config(std::move(chosen)), folder(config.path / time_text()) {}

Dumping& Dumping::get() {
  static auto* dumping = new Dumping;  // Never destroyed: tasks may still run when the process ends.
  return *dumping;
}

void Dumping::replace(std::shared_ptr<DumpSession> other) {
  if (session_) session_->active.store(false, std::memory_order_relaxed);
  session_ = std::move(other);
  has_operators_.store(session_ && session_->config.single_operators, std::memory_order_relaxed);
}

void Dumping::begin(DumpConfig config) {
  auto session = std::make_shared<DumpSession>(std::move(config));
  const std::lock_guard lock(mutex_);
  by_init_ = true;
  replace(std::move(session));
}

void Dumping::end() {
  const std::lock_guard lock(mutex_);
  replace(nullptr);
  by_init_ = initialized_ = false;
}

Status Dumping::check_api_use() const {
  if (!by_init_) return {};
  return error(ACL_ERROR_DUMP_ALREADY_RUN, "DUMP-025",
               "the file given to aclInit configures a dump already; take \"dump\" out of it to use "
               "acl.mdl.init_dump");
}

Status Dumping::initialize() {
  const std::lock_guard lock(mutex_);
  CAIRN_RETURN_IF_ERROR(check_api_use());
  if (initialized_)
    return error(ACL_ERROR_REPEAT_INITIALIZE, "DUMP-022",
                 "aclmdlInitDump was called before; call acl.mdl.finalize_dump first");
  initialized_ = true;
  return {};
}

Status Dumping::check_set() const {
  const std::lock_guard lock(mutex_);
  CAIRN_RETURN_IF_ERROR(check_api_use());
  if (initialized_) return {};
  return error(ACL_ERROR_DUMP_NOT_RUN, "DUMP-021", "call acl.mdl.init_dump first");
}

Status Dumping::set(std::optional<DumpConfig> config) {
  auto session = config ? std::make_shared<DumpSession>(std::move(*config)) : nullptr;
  CAIRN_RETURN_IF_ERROR(check_set());
  const std::lock_guard lock(mutex_);
  if (initialized_) replace(std::move(session));
  return {};
}

Status Dumping::finalize() {
  CAIRN_RETURN_IF_ERROR(check_set());
  const std::lock_guard lock(mutex_);
  replace(nullptr);
  initialized_ = false;
  return {};
}

std::shared_ptr<const DumpSession> Dumping::session() const {
  const std::lock_guard lock(mutex_);
  return session_;
}

}  // namespace cairn
