// What `cairn bench` prints and writes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "bench_measure.h"

namespace cairn {

std::string bench_text(const std::string& model, const BenchResult& result, const nlohmann::json& against);
/// `against`: null, or what the other engine measured (tools/bench_onnxruntime.py).
nlohmann::json bench_json(const std::string& model, const BenchResult& result, const nlohmann::json& against);
/// A line for each measured time, then for each operator.
std::string bench_csv(const BenchResult& result);
/// What to try next, a sentence; empty if nothing stands out.
std::string bench_hint(const BenchResult& result);

}  // namespace cairn
