#include "model/model.h"

#include <mutex>

#include "device/context.h"
#include "device/runtime.h"

namespace cairn {

Status Model::check_context() const {
  CAIRN_ASSIGN(const Ref<Context> current, Runtime::get().current_context());
  if (current.handle() == context_) return {};
  return error(ACL_ERROR_RT_MODEL_CONTEXT, "MDL-005",
               "model {} was loaded in {}, the current context is {}; make the first one current with "
               "acl.rt.set_context",
               id_, describe_handle(context_), describe_handle(current.handle()));
}

bool Model::context_is_alive() const {
  return static_cast<bool>(handle_table<Context>().find(context_));
}

ModelTable& ModelTable::get() {
  static auto* table = new ModelTable;  // Never destroyed: tasks may still run when the process ends.
  return *table;
}

uint32_t ModelTable::add(void* context, std::unique_ptr<Executable> executable,
                         const std::string& file_name) {
  const std::unique_lock lock(mutex_);
  const uint32_t id = next_id_++;
  models_.emplace(id, std::make_shared<Model>(id, context, std::move(executable), file_name));
  return id;
}

Result<std::shared_ptr<Model>> ModelTable::find(uint32_t id) const {
  {
    const std::shared_lock lock(mutex_);
    const auto found = models_.find(id);
    if (found != models_.end()) return found->second;
    if (id != 0 && id < next_id_)
      return error(ACL_ERROR_GE_EXEC_MODEL_ID_INVALID, "MDL-022", "model {} was unloaded; load it again", id);
  }
  return error(ACL_ERROR_GE_EXEC_MODEL_ID_INVALID, "MDL-002",
               "model {} was never loaded; use the id that acl.mdl.load_from_file returned", id);
}

Status ModelTable::unload(uint32_t id) {
  CAIRN_ASSIGN(const std::shared_ptr<Model> model, find(id));
  // A model whose context is gone can be unloaded from anywhere, or it could never be.
  if (model->context_is_alive()) CAIRN_RETURN_IF_ERROR(model->check_context());
  const std::unique_lock lock(mutex_);
  if (models_.erase(id) == 0)
    return error(ACL_ERROR_GE_EXEC_MODEL_ID_INVALID, "MDL-022", "model {} was unloaded by another thread",
                 id);
  return {};
}

}  // namespace cairn
