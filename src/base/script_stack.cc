#include "base/script_stack.h"

namespace cairn {
namespace {

thread_local const NotedScriptFrames* noted = nullptr;

}  // namespace

std::atomic<ScriptStack*> script_stack{nullptr};

NotedScriptFrames::NotedScriptFrames() : outer_(noted) {
  if (ScriptStack* const stack = script_stack.load(std::memory_order_acquire))
    count_ = stack->read_frames(frames_);
  noted = this;
}

NotedScriptFrames::~NotedScriptFrames() {
  noted = outer_;
}

std::span<const ScriptFrame* const> NotedScriptFrames::newest() {
  if (noted == nullptr) return {};
  return {noted->frames_, noted->count_};
}

}  // namespace cairn
