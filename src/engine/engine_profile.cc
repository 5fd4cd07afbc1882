#include "engine/engine_profile.h"

#include <chrono>
#include <map>

namespace cairn {

std::vector<OperatorTime> profile_network(ov::CompiledModel network, double seconds) {
  using Clock = std::chrono::steady_clock;
  ov::InferRequest request = network.create_infer_request();
  for (const auto& input : network.inputs()) {
    ov::Tensor tensor = request.get_tensor(input);
    if (tensor.get_element_type() != ov::element::string)
      std::fill_n(static_cast<std::byte*>(tensor.data()), tensor.get_byte_size(), std::byte{0});
  }
  request.infer();  // The first run makes what later ones have.
  std::vector<OperatorTime> times;
  std::map<std::string, size_t, std::less<>> places;
  size_t runs = 0;
  const auto start = Clock::now();
  do {
    request.infer();
    ++runs;
    for (const ov::ProfilingInfo& info : request.get_profiling_info()) {
      if (info.status != ov::ProfilingInfo::Status::EXECUTED) continue;
      const auto [place, is_new] = places.try_emplace(info.node_name, times.size());
      if (is_new) times.push_back({info.node_name, info.node_type, info.exec_type, 0});
      times[place->second].us += std::chrono::duration<double, std::micro>(info.real_time).count();
    }
  } while (std::chrono::duration<double>(Clock::now() - start).count() < seconds);
  for (OperatorTime& each : times)
    each.us /= static_cast<double>(runs);
  return times;
}

}  // namespace cairn
