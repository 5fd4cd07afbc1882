// Runs something at a later time, on one thread that exists only after the first use.
#pragma once

#include <chrono>
#include <functional>

namespace cairn {

/// Runs `action` once, after `delay`, on the timer's thread. The action must be short.
void run_later(std::chrono::milliseconds delay, std::function<void()> action);

}  // namespace cairn
